"""Source networks: VPCs whose configuration DRS keeps, to build them anew with CloudFormation."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.clock import Timer

# From each status of a source network's replication, the ones that may follow.
NETWORK_STATUSES: Mapping[str, tuple[str, ...]] = {
    "STOPPED": ("IN_PROGRESS",),
    "IN_PROGRESS": ("PROTECTED", "ERROR", "STOPPED"),
    "PROTECTED": ("ERROR", "STOPPED"),
    "ERROR": ("IN_PROGRESS", "STOPPED"),
}

# From each result of a source network's last recovery, the ones that may follow.
RECOVERY_RESULTS: Mapping[str, tuple[str, ...]] = {
    "NOT_STARTED": ("IN_PROGRESS",),
    "IN_PROGRESS": ("SUCCESS", "FAIL", "PARTIAL_SUCCESS", "ASSOCIATE_SUCCESS", "ASSOCIATE_FAIL"),
    **dict.fromkeys(("SUCCESS", "FAIL", "PARTIAL_SUCCESS", "ASSOCIATE_SUCCESS", "ASSOCIATE_FAIL"), ("IN_PROGRESS",)),
}

# What can go wrong with a source network, by name.
NETWORK_FAULTS: Mapping[str, str] = {
    "REPLICATION": "its configuration cannot be read: its replication ends in ERROR",
    "DEPLOYMENT": "its CloudFormation stack is not created or updated: its recovery fails",
    "LAUNCH_TEMPLATES": "launch templates are not updated: its recovery succeeds in part",
}


@dataclass(frozen=True, slots=True)
class NetworkFault:
    """What goes wrong with a source network, the next `times` times (None: each time); `raw_error` is the reason."""

    id: str
    network: str
    kind: str
    raw_error: str
    times: int | None = 1


@dataclass(slots=True)
class LastRecovery:
    """The last recovery of a network, and what became of it."""

    asked_ms: int
    job_id: str
    result: str = "NOT_STARTED"


@dataclass(slots=True)
class SourceNetwork:
    """A VPC that DRS protects; `number` rises from record to record.

    `is_known`: whether its configuration was read since it came to DRS, so that it can be recovered. `stacks` are the
    CloudFormation stacks that it was deployed with, each with its VPC; `stack` is the one in use. `jobs` counts its jobs,
    `syncs` its replications, for draws; `fired` how often each of its `faults` took effect, by its id.
    """

    id: str
    arn: str
    number: int
    vpc_id: str
    origin_account_id: str
    origin_region: str
    tags: dict[str, str]
    status: str = "STOPPED"
    details: str | None = None
    is_known: bool = False
    stack: str | None = None
    stacks: dict[str, str] = field(default_factory=dict)
    last_recovery: LastRecovery | None = None
    pending: Timer | None = None
    jobs: int = 0
    syncs: int = 0
    faults: list[NetworkFault] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)

    @property
    def launched_vpc_id(self) -> str | None:
        """The VPC of the stack in use."""
        return None if self.stack is None else self.stacks[self.stack]


@dataclass(slots=True)
class ParticipatingNetwork:
    """A source network in a job, which deploys, updates or only associates `stack` (`event` says which of them)."""

    network: SourceNetwork
    stack: str
    event: str | None
    launch_status: str = "PENDING"
