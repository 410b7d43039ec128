"""`drs:`: how the simulated service is set, where it should not be as it is by default.

Latencies are durations or `{median: 4m, p95: 9m}`, other times durations; shares are plain numbers (0.08 is 8 %). What a
section does not give stays as it is.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, Strict, WithJsonSchema

from simulator.scenario.fields import Flag, Model, Name, Region, Share, Span, Times, Whole, matching, refusal
from simulator.scenario.latency import Latency

_UNITS_MBPS = {"Kbps": 0.001, "Mbps": 1.0, "Gbps": 1000.0}
_UNITS_MIB = {"KiB/s": 1 / 1024, "MiB/s": 1.0, "GiB/s": 1024.0}
_AMOUNT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([A-Za-z/]+)")


def _in_units(units: dict[str, float], example: str) -> BeforeValidator:
    """A validator of a number with one of some units, such as `100Mbps`."""

    def validate(value: Any) -> Any:
        match = _AMOUNT.fullmatch(value) if isinstance(value, str) else None
        if not match or match[2] not in units:
            raise refusal(f"expected a number and a unit ({', '.join(units)}), such as {example}")
        return float(match[1]) * units[match[2]]

    return BeforeValidator(validate)


_TEXT = WithJsonSchema({"type": "string"})
Bandwidth = Annotated[float, _in_units(_UNITS_MBPS, "100Mbps"), Field(gt=0), _TEXT]
Throughput = Annotated[float, _in_units(_UNITS_MIB, "5MiB/s"), Field(ge=0), _TEXT]
Proportion = Annotated[float, Strict(), Field(ge=0, le=10)]
Rarity = Annotated[float, Strict(), Field(ge=0, le=1)]
_Digit = Annotated[str, AfterValidator(matching("[0-9a-f]", 'a hexadecimal digit such as "6", in quotes'))]
PerSecond = Annotated[float, Strict(), Field(gt=0)]


class Scaling(Model):
    """How conversion and launch grow with a job's servers and volumes, and how its servers differ."""

    noun: ClassVar[str] = "`scaling`"
    server_share: Proportion | None = Field(
        None, description="what each server beyond the second adds to conversion and launch; default 0.08"
    )
    crowd: Annotated[Whole, Field(ge=3)] | None = Field(
        None, description="with how many servers a job is crowded, so that more of them add less; default 25"
    )
    crowd_share: Proportion | None = Field(None, description="what each server beyond the crowd adds; default 0.03")
    doubling_share: Proportion | None = Field(
        None, description="what each doubling of a server's volume beyond 8 GiB adds; default 0.05"
    )
    server_sigma: Proportion | None = Field(
        None, description="the sigma of the log-normal factor by which conversions of one job differ; default 0.05"
    )
    least_spread_ms: Span | None = Field(None, description="how far apart two launches of a job end; default 2s")
    most_spread_ms: Span | None = Field(None, description="how far apart the launches of a crowd end; default 50s")


class Quotas(Model):
    """The service's quotas per account and Region."""

    noun: ClassVar[str] = "`quotas`"
    servers_per_job: Times | None = Field(None, description="source servers in one job; default 100")
    servers_in_jobs: Times | None = Field(None, description="source servers in all jobs; default 500")
    jobs_in_progress: Times | None = Field(None, description="jobs in progress; default 20")
    replicating_servers: Times | None = Field(None, description="source servers that replicate; default 300")
    servers: Times | None = Field(None, description="source servers in all, extended ones included; default 4000")
    launch_actions: Times | None = Field(None, description="launch actions of one server or template; default 200")
    launch_templates: Times | None = Field(None, description="launch configuration templates; default 1")
    source_networks: Times | None = Field(None, description="source networks; default 100")
    recovery_plans: Times | None = Field(None, description="recovery plans; default 1000")
    steps_per_plan: Times | None = Field(None, description="steps of one recovery plan; default 20")
    servers_per_plan: Times | None = Field(None, description="source servers of one recovery plan; default 100")


class Rate(Model):
    """A request rate: a token bucket."""

    noun: ClassVar[str] = "a rate"
    per_second: PerSecond = Field(description="requests per second in the long run")
    burst: Times = Field(description="requests at once")


class Rates(Model):
    """How many requests are answered, by kind; the others are throttled."""

    noun: ClassVar[str] = "`rates`"
    read: Rate | None = Field(None, description="Describe, Get and List operations; default 10 per second, 20 at once")
    write: Rate | None = Field(None, description="all that change something; default 2 per second, 5 at once")
    recover: Rate | None = Field(
        None, description="StartRecovery and TerminateRecoveryInstances; default 1 per second, 3 at once"
    )

    def given(self) -> Mapping[str, Rate]:
        """The kinds that the file names."""
        kinds = {"read": self.read, "write": self.write, "recover": self.recover}
        return {kind: rate for kind, rate in kinds.items() if rate is not None}


class Replication(Model):
    """How replication goes."""

    noun: ClassVar[str] = "`replication`"
    bandwidth_mbps: Bandwidth | None = Field(
        None, alias="bandwidth", description="what a server's line carries, such as 100Mbps; default 1Gbps"
    )
    efficiency: Share | None = Field(None, description="the share of the bandwidth that carries data; default 0.7")
    write_mib_per_second: Throughput | None = Field(
        None, alias="write", description="what a server writes, such as 5MiB/s; default 1MiB/s"
    )
    first_byte: Latency | None = Field(
        None, description="from the agent's arrival until data flows; default {median: 110s, p95: 170s}"
    )
    first_snapshot: Latency | None = Field(
        None, description="making the first snapshot to launch from; default {median: 1m, p95: 3m}"
    )
    rescan: Latency | None = Field(None, description="looking for what has changed; default {median: 4m, p95: 20m}")
    rescan_per_gib_ms: Span | None = Field(None, alias="rescanPerGib", description="what each GiB adds to that; default 1s")
    attempt_ms: Span | None = Field(
        None,
        description="how long after one attempt at setting replication up the next begins, in whole minutes; default 30m",
    )
    flap_down_ms: Span | None = Field(None, description="how long an unstable network is down; default 3m")
    flap_up_ms: Span | None = Field(None, description="how long an unstable network is up; default 2m")


class SystemBoot(Model):
    """How long an instance's system takes to come up."""

    noun: ClassVar[str] = "`systemBoot`"
    linux: Latency | None = Field(
        None, description="from a launch until EC2's status checks pass; default {median: 150s, p95: 5m}"
    )
    windows: Latency | None = Field(None, description="the same of Windows; default {median: 10m, p95: 20m}")


class Background(Model):
    """How often something goes wrong without a fault that says so."""

    noun: ClassVar[str] = "`background`"
    launch_failures: Rarity | None = Field(None, description="share of servers that fail to launch; default 0")
    conversion_failures: Rarity | None = Field(None, description="share of servers whose conversion fails; default 0")
    hangs: Rarity | None = Field(None, description="share of jobs that never end; default 0")
    throttling: Rarity | None = Field(None, description="share of calls that are throttled; default 0")
    errors: Rarity | None = Field(None, description="share of calls that the service fails; default 0")


class LaunchActions(Model):
    """How launch actions go."""

    noun: ClassVar[str] = "`launchActions`"
    discovery: Latency | None = Field(
        None, description="from the launch until the SSM agent is found; default {median: 2m, p95: 7m}"
    )
    discovery_timeout_ms: Span | None = Field(None, description="when the agent is given up; default 20m")
    run: Latency | None = Field(
        None, description="one action, where no simulated runbook says otherwise; default {median: 30s, p95: 2m}"
    )
    holds_launch: Flag | None = Field(
        None, description="whether a server stays PENDING until its mandatory actions have ended; default true"
    )


class Failback(Model):
    """How failing back goes."""

    noun: ClassVar[str] = "`failback`"
    initialising: Latency | None = Field(
        None,
        description="from an instance's start until its replication can be reversed; default {median: 150s, p95: 7m}",
    )
    pairing: Latency | None = Field(
        None, description="from reversing it until a source server that exists rescans; default {median: 1m, p95: 3m}"
    )
    client: Latency | None = Field(
        None, description="from a failback client's start until data flows; default {median: 5m, p95: 15m}"
    )
    terminated_ms: Span | None = Field(
        None, description="how long EC2 shows an instance that somebody has terminated; default 1h"
    )


class Networks(Model):
    """How source networks go."""

    noun: ClassVar[str] = "`networks`"
    replication: Latency | None = Field(None, description="reading a VPC's configuration; default {median: 2m, p95: 5m}")
    deployment: Latency | None = Field(None, description="a CloudFormation stack; default {median: 3m, p95: 7m}")
    launch_templates: Latency | None = Field(
        None, description="entering subnets into launch templates; default {median: 10s, p95: 40s}"
    )
    deletes_protected: Flag | None = Field(
        None, description="whether a network can be deleted while it replicates; default false"
    )


class RecoveryPlans(Model):
    """How executions of DRS's own recovery plans go."""

    noun: ClassVar[str] = "`recoveryPlans`"
    validation: Latency | None = Field(
        None, description="looking at all servers before the first step; default {median: 3s, p95: 10s}"
    )
    noticing: Latency | None = Field(
        None, description="from the end of a step's jobs until the execution goes on; default {median: 8s, p95: 25s}"
    )
    limit_ms: Span | None = Field(None, description="when an execution that still goes on is timed out; default 24h")
    limit_from: Literal["start", "resumption"] | None = Field(
        None, description="whether that counts from its start or from when it was last taken up again; default start"
    )
    shows_timed_out: Flag | None = Field(
        None, description="whether it shows TIMED_OUT then, which the service's model does not list, or FAILED; default true"
    )
    job_per_server: Flag | None = Field(
        None, description="whether a step has a job for each server, or one for all; default false"
    )
    refuses_stalled: Flag | None = Field(None, description="whether a stalled server fails the validation; default false")
    cancel_ends_waits: Flag | None = Field(
        None, description="whether cancelling ends a wait that runs, or it is waited for; default false"
    )


class Service(Model):
    """How the simulated service is set."""

    noun: ClassVar[str] = "`drs`"
    scaling: Scaling | None = Field(None, description="how jobs get slower with servers and volumes")
    quotas: Quotas | None = Field(None, description="the service's quotas")
    rates: Rates | Literal["unlimited"] | None = Field(
        None, description="request rates by kind of operation, or `unlimited`"
    )
    replicating: Replication | None = Field(None, alias="replication", description="how replication goes")
    system_boot: SystemBoot | None = Field(None, description="how long instances take to come up")
    background: Background | None = Field(None, description="how often something goes wrong without a fault")
    launch_actions: LaunchActions | None = Field(None, description="how launch actions go")
    failing_back: Failback | None = Field(None, alias="failback", description="how failing back goes")
    networking: Networks | None = Field(None, alias="networks", description="how source networks go")
    recovery_plans: RecoveryPlans | None = Field(None, description="how executions of recovery plans go")
    read_latency: Latency | None = Field(
        None, description="a call that changes nothing; default {median: 120ms, p95: 450ms}"
    )
    write_latency: Latency | None = Field(
        None, description="a call that changes something; default {median: 350ms, p95: 1s200ms}"
    )
    log_lag: Latency | None = Field(
        None, description="how long an item of a job's log stays unseen; default {median: 1s, p95: 5s}"
    )
    instance_lag: Latency | None = Field(
        None, description="how long a new recovery instance stays unseen; default {median: 2s, p95: 8s}"
    )
    page_size: Times | None = Field(None, description="rows of a page where a request does not say; default 100")
    job_history_ms: Span | None = Field(None, description="how long a job is listed after its end; default: for ever")
    phase_barrier: Flag | None = Field(
        None, description="whether the servers of a job wait for each other before each phase; default true"
    )
    launch_status: Literal["coarse", "fine"] | None = Field(
        None,
        description="coarse: a launchStatus is PENDING until the launch ends; fine: IN_PROGRESS meanwhile; default coarse",
    )
    logs_launch_end: Flag | None = Field(None, description="whether the log tells the end of a launch; default true")
    shows_instances_while_started: Flag | None = Field(
        None, description="whether a job shows its instances until it ends; default true"
    )
    empties_terminate_jobs: Flag | None = Field(
        None, description="whether a completed TERMINATE job shows no servers; default true"
    )
    unknown_server: Literal["ConflictException", "ResourceNotFoundException"] | None = Field(
        None, description="what StartRecovery answers to a server that does not exist; default ConflictException"
    )
    duplicate_servers: Literal["refuse", "merge"] | None = Field(
        None, description="what becomes of a server named twice in one StartRecovery; default refuse"
    )
    unready_servers: Literal["skip", "refuse", "accept"] | None = Field(
        None, description="what becomes of a server without a snapshot; default skip"
    )
    unknown_snapshot: Literal["ConflictException", "ValidationException"] | None = Field(
        None, description="what StartRecovery answers to a snapshot that is not the server's; default ConflictException"
    )
    attempts: Annotated[Whole, Field(ge=1, le=9)] | None = Field(
        None, description="how often a job tries a server's conversion and launch; default 1"
    )
    counts_terminations: Flag | None = Field(
        None, description="whether jobs that terminate instances count towards the quotas; default true"
    )
    instants: Literal["offset", "zulu"] | None = Field(
        None, description="whether instants end in +00:00 or in Z; default offset"
    )
    error_codes: dict[Name, Name] | None = Field(
        None, description="the `code` member of errors, by the name of the error; default {}"
    )
    log_events: dict[Literal["LAUNCH", "TERMINATE", "CREATE_CONVERTED_SNAPSHOT"], dict[Name, str]] | None = Field(
        None,
        description="what events of logs are called, by the type of the job and the event; not shown if empty; default {}",
    )
    region_digits: dict[Region, _Digit] | None = Field(
        None, description="the digit that ids begin with, by Region; default {}"
    )
    extended_server_id: Literal["equal", "own"] | None = Field(
        None, description="whether an extended server has the id of the one it extends; default equal"
    )
