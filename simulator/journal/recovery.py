"""What Elastic Disaster Recovery does: jobs, replication, instances, networks and its own recovery plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from simulator.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A DRS job was created or changed its status (PENDING, STARTED, COMPLETED)."""

    kind: ClassVar[str] = "drs.job"
    job: str
    type: str
    initiated_by: str
    status: str
    servers: Sequence[str]


@dataclass(frozen=True, slots=True)
class JobLogged:
    """One item of a DRS job's log (`SNAPSHOT_START`, `LAUNCH_END`, ...). `server` is a source server id or None."""

    kind: ClassVar[str] = "drs.log"
    job: str
    event: str
    server: str | None
    data: JsonObject


@dataclass(frozen=True, slots=True)
class LaunchStatusChanged:
    """A participating server's launchStatus changed (PENDING, IN_PROGRESS, LAUNCHED, FAILED, TERMINATED)."""

    kind: ClassVar[str] = "drs.launch"
    job: str
    server: str
    status: str


@dataclass(frozen=True, slots=True)
class RecoveryPointUsed:
    """A server was launched with its data of the instant `data_ms`, counted from the run's start (often negative)."""

    kind: ClassVar[str] = "drs.recovery_point"
    job: str
    server: str
    data_ms: int


@dataclass(frozen=True, slots=True)
class ReplicationChanged:
    """A source server's replication state changed."""

    kind: ClassVar[str] = "drs.replication"
    server: str
    state: str
    error: str | None


@dataclass(frozen=True, slots=True)
class InstanceChanged:
    """A recovery instance of DRS changed its EC2 state (PENDING, RUNNING, STOPPED, SHUTTING-DOWN, TERMINATED)."""

    kind: ClassVar[str] = "drs.instance"
    instance: str
    server: str
    job: str
    state: str


@dataclass(frozen=True, slots=True)
class InstanceForgotten:
    """The record of a recovery instance was deleted; the instance in EC2 stays as it is."""

    kind: ClassVar[str] = "drs.instance.forgotten"
    instance: str
    server: str


@dataclass(frozen=True, slots=True)
class FailbackChanged:
    """A recovery instance's failback went into another state (FAILBACK_IN_PROGRESS, ...)."""

    kind: ClassVar[str] = "drs.failback"
    instance: str
    server: str
    state: str


@dataclass(frozen=True, slots=True)
class FailbackReplicationChanged:
    """The replication of a recovery instance to a failback client changed its state."""

    kind: ClassVar[str] = "drs.failback.replication"
    instance: str
    server: str
    state: str
    error: str | None


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """A source network's replication changed its status (STOPPED, IN_PROGRESS, PROTECTED, ERROR)."""

    kind: ClassVar[str] = "drs.network"
    network: str
    status: str
    details: str | None


@dataclass(frozen=True, slots=True)
class NetworkRecovered:
    """A source network's recovery began (IN_PROGRESS) or ended (SUCCESS, FAIL, PARTIAL_SUCCESS, ASSOCIATE_...)."""

    kind: ClassVar[str] = "drs.network.recovery"
    network: str
    job: str
    result: str


@dataclass(frozen=True, slots=True)
class NetworkStackDeployed:
    """A CloudFormation stack with a recovered network was created or updated: `action` is CREATE or UPDATE."""

    kind: ClassVar[str] = "drs.network.stack"
    network: str
    job: str
    action: str
    stack: str
    vpc: str
    template: JsonObject


@dataclass(frozen=True, slots=True)
class NetworkTemplateExported:
    """A source network's CloudFormation template was written to a bucket."""

    kind: ClassVar[str] = "drs.network.export"
    network: str
    bucket: str
    key: str
    template: JsonObject


@dataclass(frozen=True, slots=True)
class PlanExecutionChanged:
    """An execution of one of DRS's own recovery plans went on in another status."""

    kind: ClassVar[str] = "drs.plan_execution"
    execution: str
    plan: str
    mode: str
    status: str


@dataclass(frozen=True, slots=True)
class PlanStepChanged:
    """A step of such an execution did; `index` counts from 1."""

    kind: ClassVar[str] = "drs.plan_step"
    execution: str
    index: int
    name: str
    status: str
    attempt: int


RecoveryEvent = (
    JobChanged
    | JobLogged
    | LaunchStatusChanged
    | RecoveryPointUsed
    | ReplicationChanged
    | InstanceChanged
    | InstanceForgotten
    | FailbackChanged
    | FailbackReplicationChanged
    | NetworkChanged
    | NetworkRecovered
    | NetworkStackDeployed
    | NetworkTemplateExported
    | PlanExecutionChanged
    | PlanStepChanged
)
