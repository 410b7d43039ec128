"""What is kept of failing back: how a recovery instance stands, and which way a source server replicates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from simulator.clock import Timer
from simulator.drs.replica import Transfer

Direction = Literal["FAILOVER", "FAILBACK"]

# From each state of a recovery instance's failback, the ones that may follow. StopFailback takes it back to the first.
FAILBACK_STATES: Mapping[str, tuple[str, ...]] = {
    "FAILBACK_NOT_STARTED": ("FAILBACK_IN_PROGRESS",),
    "FAILBACK_IN_PROGRESS": (
        "FAILBACK_READY_FOR_LAUNCH", "FAILBACK_NOT_READY_FOR_LAUNCH", "FAILBACK_ERROR", "FAILBACK_NOT_STARTED",
    ),
    "FAILBACK_NOT_READY_FOR_LAUNCH": (
        "FAILBACK_IN_PROGRESS", "FAILBACK_READY_FOR_LAUNCH", "FAILBACK_COMPLETED", "FAILBACK_ERROR", "FAILBACK_NOT_STARTED",
    ),
    "FAILBACK_READY_FOR_LAUNCH": (
        "FAILBACK_NOT_READY_FOR_LAUNCH", "FAILBACK_COMPLETED", "FAILBACK_ERROR", "FAILBACK_NOT_STARTED",
    ),
    "FAILBACK_ERROR": ("FAILBACK_IN_PROGRESS", "FAILBACK_COMPLETED", "FAILBACK_NOT_STARTED"),
    "FAILBACK_COMPLETED": ("FAILBACK_IN_PROGRESS", "FAILBACK_NOT_STARTED"),
}  # fmt: skip

# From each state of a recovery instance's replication to a failback client, the ones that may follow.
CLIENT_REPLICATION_STATES: Mapping[str, tuple[str, ...]] = {
    "NOT_STARTED": ("INITIATING", "DISCONNECTED"),
    "INITIATING": ("INITIAL_SYNC", "STALLED", "STOPPED", "DISCONNECTED"),
    "INITIAL_SYNC": ("BACKLOG", "STALLED", "STOPPED", "DISCONNECTED"),
    "BACKLOG": ("CONTINUOUS", "STALLED", "STOPPED", "DISCONNECTED"),
    "CONTINUOUS": ("BACKLOG", "STALLED", "STOPPED", "DISCONNECTED"),
    "RESCAN": ("CONTINUOUS", "STALLED", "STOPPED", "DISCONNECTED"),
    "STALLED": ("INITIATING", "INITIAL_SYNC", "RESCAN", "STOPPED", "DISCONNECTED"),
    "STOPPED": ("INITIATING", "DISCONNECTED"),
    "DISCONNECTED": (),
}

# What a failback client goes through before data flows, with the share of time that each step takes.
CLIENT_STEPS: Mapping[str, float] = {
    "LINK_FAILBACK_CLIENT_WITH_RECOVERY_INSTANCE": 0.1,
    "COMPLETE_VOLUME_MAPPING": 0.2,
    "ESTABLISH_RECOVERY_INSTANCE_COMMUNICATION": 0.1,
    "DOWNLOAD_REPLICATION_SOFTWARE_TO_FAILBACK_CLIENT": 0.3,
    "CONFIGURE_REPLICATION_SOFTWARE": 0.1,
    "PAIR_AGENT_WITH_REPLICATION_SOFTWARE": 0.1,
    "ESTABLISH_AGENT_REPLICATOR_SOFTWARE_COMMUNICATION": 0.1,
}
FALLIBLE_STEPS = tuple(CLIENT_STEPS)[2:]  # those for whose failure the service has an error


@dataclass(frozen=True, slots=True)
class ClientInitiation:
    """A failback client's steps, from `started_ms` to `ends_ms`; at `failed`, if at any, it goes no further."""

    started_ms: int
    ends_ms: int
    failed: str | None = None


@dataclass(slots=True)
class Failback:
    """How a recovery instance fails back, and whether its agent still belongs to the service.

    `replication` is that to a failback client, which once had all data if `has_copy`; one that is reversed in AWS shows its
    FAILBACK source server's instead, whose ARN is `reversed_arn`. `booted_ms` is when the instance was last started from
    outside DRS. `is_disconnected`: its agent was let go, or works for another source server now. `attempts` counts
    failbacks, for draws.
    """

    state: str = "FAILBACK_NOT_STARTED"
    replication: str = "NOT_STARTED"
    error: str | None = None
    transfer: Transfer = field(default_factory=lambda: Transfer(0))
    initiation: ClientInitiation | None = None
    initiated_ms: int | None = None
    first_byte_ms: int | None = None
    has_copy: bool = False
    client_id: str | None = None
    client_seen_ms: int | None = None
    reversed_arn: str | None = None
    job_id: str | None = None
    launch_type: Literal["RECOVERY", "DRILL"] | None = None
    booted_ms: int | None = None
    is_disconnected: bool = False
    pending: Timer | None = None
    attempts: int = 0
    configuration: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Reversal:
    """Which way a source server replicates.

    `opposite_arn` is the source server of the other direction, also when that one is gone. `instance_id` is the EC2 instance
    that its agent works in since replication was last reversed to it, None: the one that it came with.
    """

    direction: Direction = "FAILOVER"
    opposite_arn: str | None = None
    instance_id: str | None = None


@dataclass(frozen=True, slots=True)
class OutsideInstance:
    """An EC2 instance that DRS did not launch. `allows_launch`: it has the tag without which nothing is launched into it."""

    state: str
    allows_launch: bool = True
