"""A server's copy in the staging area: how its replication may go, how far its data has got, which snapshots are taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.clock import Timer

_LEAVES = ("STALLED", "STOPPED", "DISCONNECTED")

# From each state, those that replication goes to by itself or because of a call. (`Region.set_replication_state` puts a
# server anywhere.) Data is lost track of in RESCAN, and only behind in BACKLOG.
REPLICATION_STEPS: Mapping[str, tuple[str, ...]] = {
    "INITIATING": ("INITIAL_SYNC", *_LEAVES),
    "INITIAL_SYNC": ("BACKLOG", *_LEAVES),
    "BACKLOG": ("CREATING_SNAPSHOT", "CONTINUOUS", *_LEAVES),
    "CREATING_SNAPSHOT": ("CONTINUOUS", "BACKLOG", *_LEAVES),
    "CONTINUOUS": ("BACKLOG", "RESCAN", *_LEAVES),
    "RESCAN": ("CONTINUOUS", "BACKLOG", *_LEAVES),
    "PAUSED": ("BACKLOG", "RESCAN", *_LEAVES),
    "STALLED": ("INITIATING", "INITIAL_SYNC", "BACKLOG", "CREATING_SNAPSHOT", "RESCAN", "STOPPED", "DISCONNECTED"),
    "STOPPED": ("INITIATING", "DISCONNECTED"),
    "DISCONNECTED": ("INITIATING",),
}

INITIATION_STEPS = (
    "WAIT", "CREATE_SECURITY_GROUP", "LAUNCH_REPLICATION_SERVER", "BOOT_REPLICATION_SERVER", "AUTHENTICATE_WITH_SERVICE",
    "DOWNLOAD_REPLICATION_SOFTWARE", "CREATE_STAGING_DISKS", "ATTACH_STAGING_DISKS", "PAIR_REPLICATION_SERVER_WITH_AGENT",
    "CONNECT_AGENT_TO_REPLICATION_SERVER", "START_DATA_TRANSFER",
)  # fmt: skip
# The steps of which nothing is left to do where a replication server is shared, and where the disks are there already.
SHARED_STEPS = frozenset(INITIATION_STEPS[1:6])
DISK_STEPS = frozenset({"CREATE_STAGING_DISKS", "ATTACH_STAGING_DISKS"})


@dataclass(frozen=True, slots=True)
class Transfer:
    """How far a server's data has got in the present state of its replication.

    At `from_ms` a `share` of it was there, and the copy lagged `lag_ms` behind. All of it is there at `ends_ms`, None if the
    transfer does not get on; the lag grows by `lag_growth` milliseconds in each, or shrinks.
    """

    from_ms: int
    share: float = 1.0
    ends_ms: int | None = None
    lag_ms: int = 0
    lag_growth: float = 0.0

    def share_at(self, now_ms: int) -> float:
        """The share of the data that is there."""
        if self.ends_ms is None:
            return self.share
        passed = (now_ms - self.from_ms) / max(1, self.ends_ms - self.from_ms)
        return min(1.0, self.share + (1 - self.share) * passed)

    def lag_at(self, now_ms: int) -> int:
        """How far the copy is behind, in milliseconds."""
        return max(0, self.lag_ms + round((now_ms - self.from_ms) * self.lag_growth))


@dataclass(frozen=True, slots=True)
class Initiation:
    """An attempt at setting replication up: from `started_ms` until the first byte at `ends_ms`.

    `skipped` are the steps that find their work done already; at `failed`, if at any step, the attempt fails, for good
    `until_mended`.
    """

    started_ms: int
    ends_ms: int
    skipped: frozenset[str] = frozenset()
    failed: str | None = None
    until_mended: bool = False


@dataclass(frozen=True, slots=True)
class SnapshotRule:
    """A rule of a point-in-time policy: how often a snapshot is taken, how long it is kept, since when (None: always)."""

    every_ms: int
    keep_ms: int
    from_ms: int | None = None


_MINUTE_MS = 60_000
DEFAULT_RULES = (
    SnapshotRule(10 * _MINUTE_MS, 60 * _MINUTE_MS),
    SnapshotRule(60 * _MINUTE_MS, 24 * 60 * _MINUTE_MS),
    SnapshotRule(24 * 60 * _MINUTE_MS, 7 * 24 * 60 * _MINUTE_MS),
)


@dataclass(slots=True)
class Replica:
    """What replication knows of a server beyond its state.

    `first_byte_ms` is None until data flows. `is_launchable`: whether a snapshot to launch from was made since replication
    began. `extra_snapshots` were taken at other instants than the `rules` say. `bandwidth_mbps` and `write_mib_per_second`
    are what its line carries and what it writes; `write_excess`, if set, by how much it writes more than the line carries.
    `pending` is what its replication waits for; `attempts` at setting it up count for draws. `seats` are the staging disks
    that it has on replication servers that others share.
    """

    transfer: Transfer = Transfer(0)
    bandwidth_mbps: float = 1000.0
    write_mib_per_second: float = 1.0
    first_byte_ms: int | None = None
    rules: tuple[SnapshotRule, ...] = DEFAULT_RULES
    is_launchable: bool = True
    initiation: Initiation | None = None
    extra_snapshots: list[int] = field(default_factory=list)
    pending: Timer | None = None
    attempts: int = 0
    seats: int = 0
    write_excess: float | None = None


@dataclass(slots=True)
class Extension:
    """The server in the staging account that an extended server stands for. `error`: why it cannot be used."""

    account_id: str
    server_id: str
    arn: str
    error: str | None = None
