"""What the service keeps: source servers, jobs and recovery instances, with their legal states in tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# From each status, the ones that may follow. A job never fails: only its servers do.
JOB_STATUSES: Mapping[str, tuple[str, ...]] = {"PENDING": ("STARTED",), "STARTED": ("COMPLETED",), "COMPLETED": ()}

# A participating server's launchStatus. It stays PENDING through snapshot and conversion.
LAUNCH_STATUSES: Mapping[str, tuple[str, ...]] = {
    "PENDING": ("LAUNCHED", "FAILED", "TERMINATED"),
    "LAUNCHED": (),
    "FAILED": (),
    "TERMINATED": (),
}

# What a server's replication allows when recovery is asked for: a snapshot of now, the latest that exists, or none.
FRESH, PREVIOUS, NONE, SKIP = "FRESH", "PREVIOUS", "NONE", "SKIP"
SNAPSHOT_BY_REPLICATION: Mapping[str, str] = {
    "CONTINUOUS": FRESH,
    "BACKLOG": FRESH,
    "CREATING_SNAPSHOT": FRESH,
    "RESCAN": PREVIOUS,
    "PAUSED": PREVIOUS,
    "STALLED": PREVIOUS,  # the disaster itself: the source is gone, its snapshots are not
    "DISCONNECTED": PREVIOUS,
    "STOPPED": NONE,  # stopping replication deleted the snapshots
    "INITIATING": SKIP,
    "INITIAL_SYNC": SKIP,
}


@dataclass(slots=True)
class SourceServer:
    """A server that DRS replicates. `launches` counts the recoveries it took part in."""

    id: str
    arn: str
    name: str
    profile: str
    volume_gib: int
    replication_state: str
    added_at: str
    tags: dict[str, str]
    launch_configuration: dict[str, Any]
    last_launch_result: str = "NOT_STARTED"
    last_launch: dict[str, Any] = field(default_factory=lambda: {"initiated": {}})
    recovery_instance_id: str | None = None
    launches: int = 0


@dataclass(slots=True)
class Participant:
    """A source server in a job. `instance_id` is what the job launches or terminates."""

    server: SourceServer
    launch_status: str = "PENDING"
    instance_id: str | None = None
    snapshot_id: str | None = None


@dataclass(slots=True)
class Job:
    """A job and its log; `log` items are as DescribeJobLogItems gives them."""

    id: str
    arn: str
    type: str
    initiated_by: str
    created_at: str
    participants: list[Participant]
    tags: dict[str, str]
    status: str = "PENDING"
    ended_at: str | None = None
    log: list[dict[str, Any]] = field(default_factory=list)
    fault: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether the job holds its servers."""
        return self.status != "COMPLETED"


@dataclass(slots=True)
class RecoveryInstance:
    """What a job launched."""

    id: str
    arn: str
    server: SourceServer
    job_id: str
    is_drill: bool
    state: str
    point_in_time: str
    tags: dict[str, str]
