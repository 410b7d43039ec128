"""What the service keeps: source servers, jobs and recovery instances, with their legal states in tables."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from simulator.drs import identifiers
from simulator.drs.action_runner import ActionRun
from simulator.drs.failback import Failback, Reversal
from simulator.drs.networks import ParticipatingNetwork
from simulator.drs.replica import Extension, Replica

Table = Mapping[str, tuple[str, ...]]
Platform = Literal["linux", "windows"]

# From each status, the ones that may follow. A job never fails: only its servers do.
JOB_STATUSES: Table = {"PENDING": ("STARTED",), "STARTED": ("COMPLETED",), "COMPLETED": ()}

# A participating server's launchStatus. It stays PENDING through cleanup, snapshot and conversion.
LAUNCH_STATUSES: Table = {
    "PENDING": ("IN_PROGRESS", "LAUNCHED", "FAILED", "TERMINATED"),
    "IN_PROGRESS": ("LAUNCHED", "FAILED"),
    "LAUNCHED": (),
    "FAILED": (),
    "TERMINATED": (),
}

# A recovery instance in EC2. DRS itself takes only some of these steps: others come from whoever uses EC2.
INSTANCE_STATES: Table = {
    "PENDING": ("RUNNING", "STOPPED", "TERMINATED"),
    "RUNNING": ("STOPPING", "SHUTTING-DOWN", "TERMINATED"),
    "STOPPING": ("STOPPED", "SHUTTING-DOWN", "TERMINATED"),
    "STOPPED": ("RUNNING", "SHUTTING-DOWN", "TERMINATED"),
    "SHUTTING-DOWN": ("TERMINATED",),
    "TERMINATED": ("NOT_FOUND",),
    "NOT_FOUND": (),
}

# What lastLaunchResult says of the last launch's status.
LAUNCH_RESULTS: Mapping[str, str] = {
    "PENDING": "PENDING",
    "IN_PROGRESS": "PENDING",
    "LAUNCHED": "SUCCEEDED",
    "FAILED": "FAILED",
}


class Snapshots(Enum):
    """What a recovery finds to launch from."""

    FRESH = "one of this moment can be taken"
    KEPT = "the source cannot be reached, earlier ones are kept"
    DELETED = "none is left"
    NOT_YET = "the first is still to come"


# By the state of a server's replication.
REPLICATION_STATES: Mapping[str, Snapshots] = {
    "INITIATING": Snapshots.NOT_YET,
    "INITIAL_SYNC": Snapshots.NOT_YET,
    "BACKLOG": Snapshots.FRESH,
    "CREATING_SNAPSHOT": Snapshots.FRESH,
    "CONTINUOUS": Snapshots.FRESH,
    "RESCAN": Snapshots.KEPT,
    "PAUSED": Snapshots.KEPT,
    "STALLED": Snapshots.KEPT,  # the disaster itself: the source is gone, its snapshots are not
    "DISCONNECTED": Snapshots.KEPT,
    "STOPPED": Snapshots.DELETED,  # stopping replication deletes them
}


def availability(server: "SourceServer") -> Snapshots:
    """What a recovery of a server finds to launch from now."""
    found = REPLICATION_STATES[server.replication.state]
    if server.replica.is_launchable or found is Snapshots.DELETED:
        return found
    return Snapshots.NOT_YET


def step(table: Table, status: str, following: str) -> str:
    """The `following` status, which the table must allow. Raises AssertionError: an illegal step is our own bug."""
    assert following in table[status], f"{status} to {following}"
    return following


@dataclass(frozen=True, slots=True)
class Replication:
    """How a server's replication stands, since when, and what is wrong with it."""

    state: str
    since_ms: int
    error: str | None = None
    raw_error: str | None = None


@dataclass(slots=True)
class LastLaunch:
    """The last recovery or drill that was asked for."""

    asked_ms: int
    job_id: str
    type: str
    status: str = "PENDING"


@dataclass(slots=True)
class SourceServer:
    """A server that DRS replicates.

    `number` rises from server to server; `added_ms` may lie before the run's start;
    `origin_region` is None for a machine outside AWS. Snapshots were taken from `snapshots_from_ms` on, except in the
    `snapshot_gaps` (from, to). `jobs` counts the jobs it took part in by kind, for draws. `volume_gib` is the size of all
    its disks. An extended server has the `replica` of the one that it stands for. `shown` keeps what its answers repeat.
    """

    id: str
    arn: str
    number: int
    name: str
    profile: str
    platform: Platform
    volume_gib: int
    origin_region: str | None
    added_ms: int
    replication: Replication
    tags: dict[str, str]
    launch_configuration: dict[str, Any]
    snapshots_from_ms: int
    snapshot_gaps: list[tuple[int, int]] = field(default_factory=list)
    last_launch: LastLaunch | None = None
    recovery_instance_id: str | None = None
    jobs: Counter[str] = field(default_factory=Counter)
    disks_gib: tuple[int, ...] = ()
    replica: Replica = field(default_factory=Replica)
    replication_configuration: dict[str, Any] = field(default_factory=dict)
    extension: Extension | None = None
    launch_actions: dict[str, dict[str, Any]] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)

    reversal: Reversal = field(default_factory=Reversal)
    network_id: str | None = None

    @property
    def key(self) -> str:
        """What names it in draws: its id, which an extended server shares with another."""
        return self.id if self.extension is None else self.arn

    @property
    def source_instance_id(self) -> str | None:
        """The EC2 instance that is replicated, None for a machine outside AWS."""
        if self.origin_region is None:
            return None
        replicated = self.id if self.extension is None else self.extension.server_id
        return self.reversal.instance_id or f"i-0{identifiers.digits(f'ec2/{replicated}', 16)}"


@dataclass(slots=True)
class Participant:
    """A source server in a job: its `number`th of this kind, from 1.

    `instance_id` is what the job launches or terminates; `data_ms` is the instant of the data that it launches with, known
    from the start where the caller chose a snapshot. `agent_found_ms` and `runs` tell of its launch actions;
    `staged` is its part in the `staged_job` that converts an extended server, `staging_error` why there is none.
    """

    server: SourceServer
    number: int
    launch_status: str = "PENDING"
    instance_id: str | None = None
    data_ms: int | None = None
    agent_found_ms: int | None = None
    staged: "Participant | None" = None
    staged_job: "Job | None" = None
    staging_error: str | None = None
    runs: list[ActionRun] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LogItem:
    """An item of a job's log; DescribeJobLogItems shows it from `visible_ms` on."""

    at_ms: int
    visible_ms: int
    event: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class Job:
    """A job and its log.

    `key` names it independently of all other jobs, for draws; `number` rises from job to job. `fault` is the id of the
    fault that made it, if one did.
    """

    id: str
    arn: str
    key: str
    number: int
    type: str
    initiated_by: str
    created_ms: int
    participants: tuple[Participant, ...]
    tags: dict[str, str]
    status: str = "PENDING"
    ended_ms: int | None = None
    log: list[LogItem] = field(default_factory=list)
    fault: str | None = None
    networks: tuple[ParticipatingNetwork, ...] = ()
    watchers: list[Callable[[], None]] = field(default_factory=list)  # told when it has ended

    @property
    def is_active(self) -> bool:
        """Whether the job holds its servers."""
        return self.status != "COMPLETED"

    @property
    def is_drill(self) -> bool:
        """Whether it launches for a drill."""
        return self.initiated_by == "START_DRILL"

    @property
    def is_failback(self) -> bool:
        """Whether it launches machines outside AWS."""
        return self.initiated_by == "FAILBACK"


@dataclass(slots=True)
class RecoveryInstance:
    """What a job launched. DescribeRecoveryInstances shows it from `visible_ms` on."""

    id: str
    arn: str
    number: int
    server: SourceServer
    job_id: str
    is_drill: bool
    state: str
    data_ms: int
    launched_ms: int
    visible_ms: int
    tags: dict[str, str]
    failback: Failback = field(default_factory=Failback)
