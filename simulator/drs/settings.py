"""How the simulated service is set: latencies by profile, quotas, request rates, and what nobody outside AWS knows.

Every default is what DRS is documented to do or was seen to do. Where neither is known there is a knob, whose description
says what the choice is between.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_Z95 = 1.6448536269514722  # the standard normal's 95th percentile


@dataclass(frozen=True, slots=True)
class Distribution:
    """A log-normal latency by its median and 95th percentile, in seconds.

    Without a 95th percentile, or with one that equals the median, it is a constant: that is how a test or a scenario pins a
    latency. Raises ValueError for a negative median or a 95th percentile below it.
    """

    median_seconds: float
    p95_seconds: float | None = None

    def __post_init__(self) -> None:
        if self.median_seconds < 0 or (self.p95_seconds is not None and self.p95_seconds < self.median_seconds):
            raise ValueError(f"a latency needs 0 <= median <= p95, not {self.median_seconds} and {self.p95_seconds}")

    @property
    def is_constant(self) -> bool:
        """Whether it has no spread; then nothing else (luck, crowding, volume size) changes it either."""
        return self.p95_seconds is None or self.median_seconds in (self.p95_seconds, 0)

    def at(self, luck: float) -> float:
        """The latency in seconds at a standard normal deviate: 0 is the median, 1.645 the 95th percentile."""
        if self.p95_seconds is None or self.is_constant:
            return self.median_seconds
        return self.median_seconds * math.exp(luck * math.log(self.p95_seconds / self.median_seconds) / _Z95)


@dataclass(frozen=True, slots=True)
class Profile:
    """The latencies of one kind of server, by phase of a job.

    `pending`: from the job's creation to its start; `cleanup`: deleting the instance of an earlier drill or recovery;
    `snapshot`; `queue`: from the snapshot to the conversion; `conversion`; `launch`; `boot`: the last part of the launch, in
    which the EC2 instance exists already; `finish`: from the last launch to the job's end; `terminate`: what a TERMINATE job
    takes.
    """

    pending: Distribution = Distribution(0.35, 5)
    cleanup: Distribution = Distribution(75, 240)
    snapshot: Distribution = Distribution(0.2, 1)
    queue: Distribution = Distribution(53, 120)
    conversion: Distribution = Distribution(190, 420)
    launch: Distribution = Distribution(295, 480)
    boot: Distribution = Distribution(45, 90)
    finish: Distribution = Distribution(2.7, 6)
    terminate: Distribution = Distribution(150, 600)


Latency = Literal["pending", "cleanup", "snapshot", "queue", "conversion", "launch", "boot", "finish", "terminate"]

PROFILES: Mapping[str, Profile] = {
    "linux-direct": Profile(),
    "windows-direct": Profile(conversion=Distribution(240, 720), launch=Distribution(330, 900)),
    "extended": Profile(conversion=Distribution(840, 1500), launch=Distribution(900, 1600)),
}


@dataclass(frozen=True, slots=True)
class Scaling:
    """How conversion and launch grow with the servers of a job and the size of a volume, and how servers of a job differ.

    A profile's latency is that of two servers of 8 GiB. Each further server adds `server_share` of it, beyond `crowd`
    servers only `crowd_share`; each doubling of the volume adds `doubling_share`. Conversions of one job differ between
    servers by `server_sigma` (of a log-normal factor); ends of its launches spread over `least_spread_seconds` with two
    servers, up to `most_spread_seconds` with `crowd`.
    """

    server_share: float = 0.08
    crowd: int = 25
    crowd_share: float = 0.03
    doubling_share: float = 0.05
    server_sigma: float = 0.05
    least_spread_seconds: float = 2.0
    most_spread_seconds: float = 50.0

    def factor(self, servers: int, volume_gib: int) -> float:
        """What a latency is multiplied by in a job of so many servers, for a server with such a volume."""
        crowding = 1 + self.server_share * (min(servers, self.crowd) - 2) + self.crowd_share * max(0, servers - self.crowd)
        return crowding * (1 + self.doubling_share * math.log2(max(volume_gib, 8) / 8))

    def spread_seconds(self, servers: int) -> float:
        """How far apart the launches of a job may end."""
        if servers < 2:
            return 0.0
        share = (min(servers, self.crowd) - 2) / (self.crowd - 2)
        return self.least_spread_seconds + share * (self.most_spread_seconds - self.least_spread_seconds)


@dataclass(frozen=True, slots=True)
class Quotas:
    """The service's quotas per account and Region. Jobs that terminate instances count like any other."""

    servers_per_job: int = 100
    servers_in_jobs: int = 500
    jobs_in_progress: int = 20
    replicating_servers: int = 300  # extended servers replicate in another account and do not count
    servers: int = 4000
    launch_actions: int = 200  # of one source server or launch configuration template
    launch_templates: int = 1
    source_networks: int = 100
    recovery_plans: int = 1000
    steps_per_plan: int = 20
    servers_per_plan: int = 100


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `per_second` requests in the long run, `burst` at once. AWS publishes no rates for DRS: a knob."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class SystemBoot:
    """From a launch until EC2's status checks of an instance pass, by its platform."""

    linux: Distribution = Distribution(150, 300)
    windows: Distribution = Distribution(600, 1200)


@dataclass(frozen=True, slots=True)
class Background:
    """How often something goes wrong without a fault: shares of servers in a launch, of jobs (`hangs`), and of calls.

    AWS publishes none. For a soak test 0.005, 0.003, 0.0005, 0.005 and 0.0005 are a beginning.
    """

    launch_failures: float = 0.0
    conversion_failures: float = 0.0
    hangs: float = 0.0
    throttling: float = 0.0
    errors: float = 0.0


@dataclass(frozen=True, slots=True)
class Replicating:
    """How replication goes.

    `bandwidth_mbps` (of which `efficiency` carries data) and `write_mib_per_second` are those of a server of which nothing
    else is said. `first_byte`: from the agent's arrival until data flows; `first_snapshot`: making the first one to launch
    from; `rescan`, and so many seconds more for each GiB. An attempt at setting replication up begins `attempt_minutes`
    after the one before, at a whole minute. An unstable network is down for `flap_down_seconds`, up for `flap_up_seconds`.
    """

    bandwidth_mbps: float = 1000.0
    efficiency: float = 0.7
    write_mib_per_second: float = 1.0
    first_byte: Distribution = Distribution(110, 170)
    first_snapshot: Distribution = Distribution(60, 180)
    rescan: Distribution = Distribution(240, 1200)
    rescan_seconds_per_gib: float = 1.0
    attempt_minutes: int = 30
    flap_down_seconds: float = 180.0
    flap_up_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class LaunchActions:
    """How launch actions go.

    `discovery`: from the launch until the SSM agent is found, given up after `discovery_timeout_seconds`; `run`: one action
    where nothing else (an account's Systems Manager) runs it.
    With `holds_launch` a server's launchStatus stays PENDING until its last mandatory action has ended, and a failed one
    fails the launch; without, it is LAUNCHED at once and stays so.
    """

    discovery: Distribution = Distribution(120, 420)
    discovery_timeout_seconds: float = 1200.0
    run: Distribution = Distribution(30, 120)
    holds_launch: bool = True


@dataclass(frozen=True, slots=True)
class FailingBack:
    """How failing back goes.

    `initialising`: from a recovery instance's start until its agent is up, before which replication cannot be reversed;
    `pairing`: from reversing replication to a source server that exists until it rescans; `client`: from a failback client's
    start until data flows. EC2 shows an instance that somebody terminates for `terminated_seconds`, then it is not found.
    """

    initialising: Distribution = Distribution(150, 420)
    pairing: Distribution = Distribution(60, 180)
    client: Distribution = Distribution(300, 900)
    terminated_seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Networking:
    """How source networks go.

    `replication`: reading a VPC's configuration; `deployment`: creating or updating a CloudFormation stack;
    `launch_templates`: entering its subnets there. With `deletes_protected` a network can be deleted while it replicates.
    """

    replication: Distribution = Distribution(120, 300)
    deployment: Distribution = Distribution(180, 420)
    launch_templates: Distribution = Distribution(10, 40)
    deletes_protected: bool = False


@dataclass(frozen=True, slots=True)
class RecoveryPlans:
    """How executions of recovery plans go.

    `validation`: looking at all servers before the first step; `noticing`: from the end of a step's last job until the
    execution goes on. An execution is timed out `limit_seconds` after its start, or with `limit_from` resumption after it
    was last taken up again. Then it shows TIMED_OUT, which is documented but not in the service's model, or FAILED unless
    `shows_timed_out`. A step has one job for all its servers, or one each if `job_per_server`. A stalled server fails the
    validation only if `refuses_stalled`. A wait that runs when its execution is cancelled is waited for, or ends at once
    if `cancel_ends_waits`.
    """

    validation: Distribution = Distribution(3, 10)
    noticing: Distribution = Distribution(8, 25)
    limit_seconds: float = 24 * 3600.0
    limit_from: Literal["start", "resumption"] = "start"
    shows_timed_out: bool = True
    job_per_server: bool = False
    refuses_stalled: bool = False
    cancel_ends_waits: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All knobs of the service.

    `profiles` by name. `read_latency` and `write_latency` are how long an API call takes. `rates` are by kind of operation
    (`read`, `write`, and `recover` for StartRecovery and TerminateRecoveryInstances); None throttles nothing. `page_size`
    applies where a request sets no maxResults. `log_lag` and `instance_lag` are how long a new item of a job's log and a new
    recovery instance stay unseen by DescribeJobLogItems and DescribeRecoveryInstances.
    """

    profiles: Mapping[str, Profile] = field(default_factory=lambda: PROFILES)
    scaling: Scaling = Scaling()
    quotas: Quotas = Quotas()
    replicating: Replicating = Replicating()
    system_boot: SystemBoot = SystemBoot()
    background: Background = Background()
    launch_actions: LaunchActions = LaunchActions()
    failing_back: FailingBack = FailingBack()
    networking: Networking = Networking()
    recovery_plans: RecoveryPlans = RecoveryPlans()
    rates: Mapping[str, Rate] | None = field(
        default_factory=lambda: {"read": Rate(10, 20), "write": Rate(2, 5), "recover": Rate(1, 3)}
    )
    read_latency: Distribution = Distribution(0.12, 0.45)
    write_latency: Distribution = Distribution(0.35, 1.2)
    log_lag: Distribution = Distribution(1, 5)
    instance_lag: Distribution = Distribution(2, 8)
    page_size: int = 100
    # How long a job is listed after its end, None: for ever. Clients have missed old jobs, nobody knows after what time.
    job_history_seconds: float | None = None
    # Whether the servers of a job wait for each other before each phase, or each goes its own way.
    phase_barrier: bool = True
    # `coarse`: a launchStatus stays PENDING until the launch has ended. `fine`: it is IN_PROGRESS while it launches.
    launch_status: Literal["coarse", "fine"] = "coarse"
    # Whether the log tells the end of a launch, with an event that the service's model does not list.
    logs_launch_end: bool = True
    # Whether a job shows the instances it has launched while it has not ended; afterwards it never does.
    shows_instances_while_started: bool = True
    # Whether a TERMINATE job shows no servers once it has ended.
    empties_terminate_jobs: bool = True
    # What StartRecovery answers to a server that does not exist; its model lists only the first.
    unknown_server: Literal["ConflictException", "ResourceNotFoundException"] = "ConflictException"
    # Whether a server named twice in one StartRecovery is refused, or counted once.
    duplicate_servers: Literal["refuse", "merge"] = "refuse"
    # Whether a server that has no snapshot yet is skipped by the job, refused at the call, or fails for want of a snapshot.
    unready_servers: Literal["skip", "refuse", "accept"] = "skip"
    # What StartRecovery answers to a snapshot that is not one of the server's, or no longer kept.
    unknown_snapshot: Literal["ConflictException", "ValidationException"] = "ConflictException"
    # How often a job tries the conversion and the launch of a server; with more than once the log counts the attempts.
    attempts: int = 1
    # Whether jobs that terminate instances count towards the quotas of jobs and of servers in them.
    counts_terminations: bool = True
    # How instants end: in the service's `+00:00`, or in the `Z` of its model.
    instants: Literal["offset", "zulu"] = "offset"
    # The `code` member of errors by the name of the error. The model has it; nobody has seen what is in it.
    error_codes: Mapping[str, str] = field(default_factory=dict)
    # What events of jobs' logs are called, by the type of the job and the service's own name of the event; "": not shown.
    # Only the logs of LAUNCH jobs have been seen.
    log_events: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # The digit that ids begin with, by Region, where it is not the one that was seen or made up.
    region_digits: Mapping[str, str] = field(default_factory=dict)
    # Whether an extended server has the id of the staging account's server, or one of its own.
    extended_server_id: Literal["equal", "own"] = "equal"
