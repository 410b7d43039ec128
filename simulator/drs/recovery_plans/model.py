"""Recovery plans: ordered steps, their executions, and the legal statuses of both in tables."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.clock import Timer
from simulator.drs.model import Table

# From each status of an execution, the ones that may follow. It fails when its servers do not pass validation, or with a
# step; to retry or to skip that step takes it up again.
EXECUTION_STATUSES: Table = {
    "CREATED": ("IN_PROGRESS", "FAILED", "TIMED_OUT", "CANCELLING"),
    "IN_PROGRESS": ("COMPLETED", "FAILED", "TIMED_OUT", "CANCELLING"),
    "FAILED": ("IN_PROGRESS",),
    "CANCELLING": ("CANCELLED",),
    "COMPLETED": (),
    "TIMED_OUT": (),
    "CANCELLED": (),
}
ACTIVE = ("CREATED", "IN_PROGRESS", "CANCELLING")

# The same of a step of an execution: EXECUTING recovers servers, WAITING lets time pass.
STEP_STATUSES: Table = {
    "NOT_STARTED": ("EXECUTING", "WAITING", "SKIPPED"),
    "EXECUTING": ("COMPLETED", "FAILED", "TIMED_OUT"),
    "WAITING": ("COMPLETED", "TIMED_OUT", "SKIPPED"),
    "FAILED": ("EXECUTING", "SKIPPED"),
    "COMPLETED": (),
    "TIMED_OUT": (),
    "SKIPPED": (),
}
RUNNING = ("EXECUTING", "WAITING")


@dataclass(frozen=True, slots=True)
class Detail:
    """What is told of a failure, or of what went otherwise than planned."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class PlanServer:
    """A source server in a step; only one that is critical can make the step fail once its recovery has begun."""

    id: str
    arn: str
    is_critical: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What a step does: recover servers side by side, or (with none) let minutes pass."""

    servers: tuple[PlanServer, ...] = ()
    wait_minutes: int = 0

    @property
    def is_wait(self) -> bool:
        """Whether it lets time pass."""
        return not self.servers


@dataclass(slots=True)
class PlanStep:
    """A step of a plan."""

    arn: str
    name: str
    work: Work
    created_ms: int
    updated_ms: int


@dataclass(slots=True)
class Plan:
    """A recovery plan, its steps in order.

    `number` rises from plan to plan; `steps_made` and `executions` count what was ever made of it, for ids.
    """

    id: str
    arn: str
    number: int
    name: str
    description: str | None
    tags: dict[str, str]
    created_ms: int
    updated_ms: int
    steps: list[PlanStep] = field(default_factory=list)
    steps_made: int = 0
    executions: int = 0

    @property
    def status(self) -> str:
        """INVALID: it has no servers to recover, so that it cannot be executed."""
        return "ACTIVE" if any(self.servers) else "INVALID"

    @property
    def servers(self) -> Iterator[PlanServer]:
        """The servers of all steps."""
        return (server for one in self.steps for server in one.work.servers)


@dataclass(slots=True)
class ExecutionStep:
    """A step as an execution has it.

    `jobs` maps source server ids to the last job that was to recover them, `launched` are those that it did recover.
    `running` are jobs that go on; `refusal` is why a job could not be started.
    """

    arn: str
    index: int
    name: str
    work: Work
    created_ms: int
    updated_ms: int
    status: str = "NOT_STARTED"
    attempt: int = 1
    jobs: dict[str, str] = field(default_factory=dict)
    launched: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    refusal: Detail | None = None
    detail: Detail | None = None


@dataclass(slots=True)
class PlanExecution:
    """An execution of a plan, with a copy of its steps. `snapshots` maps source server ids to the ones to recover from.

    `limit` is the timer that ends it if it takes too long, at `limit_ms`.
    """

    id: str
    arn: str
    number: int
    plan: Plan
    mode: str
    tags: dict[str, str]
    snapshots: Mapping[str, str]
    started_ms: int
    steps: Sequence[ExecutionStep]
    status: str = "CREATED"
    ended_ms: int | None = None
    detail: Detail | None = None
    limit_ms: int = 0
    limit: Timer | None = None

    @property
    def is_active(self) -> bool:
        """Whether it goes on, so that its plan and its servers cannot be in another one."""
        return self.status in ACTIVE

    @property
    def servers(self) -> Iterator[PlanServer]:
        """The servers of all steps."""
        return (server for one in self.steps for server in one.work.servers)


@dataclass(slots=True)
class RecoveryPlans:
    """The plans and executions of one account and Region, by id.

    `tokens` has what was asked with a clientToken and what was made of it; `names` counts plans by name, for ids.
    """

    plans: dict[str, Plan] = field(default_factory=dict)
    executions: dict[str, PlanExecution] = field(default_factory=dict)
    tokens: dict[tuple[str, str], tuple[Mapping[str, Any], Any]] = field(default_factory=dict)
    names: Counter[str] = field(default_factory=Counter)

    def plan(self, arn: str) -> Plan | None:
        """The plan with an ARN, if there is one."""
        plan = self.plans.get(arn.rpartition("/")[2])
        return plan if plan is not None and plan.arn == arn else None

    def execution(self, arn: str) -> PlanExecution | None:
        """The execution with an ARN, if there is one."""
        execution = self.executions.get(arn.rpartition("/")[2])
        return execution if execution is not None and execution.arn == arn else None

    def active(self, plan: Plan) -> PlanExecution | None:
        """The execution of a plan that goes on, if there is one."""
        return next((one for one in self.executions.values() if one.plan is plan and one.is_active), None)

    def holder(self, plan: Plan, servers: Iterable[PlanServer]) -> tuple[str, PlanExecution] | None:
        """The first of the servers that an execution of another plan holds, by its id, and that execution."""
        held = {server.id for server in servers}
        others = (one for one in self.executions.values() if one.is_active and one.plan is not plan)
        return next(((server.id, one) for one in others for server in one.servers if server.id in held), None)

    def with_server(self, server_id: str) -> Plan | None:
        """A plan that a source server belongs to, if there is one."""
        return next((plan for plan in self.plans.values() if any(one.id == server_id for one in plan.servers)), None)

    def forget_token(self, made: Any) -> None:
        """Let the clientToken that something was made with be used again, since that is deleted."""
        self.tokens = {key: value for key, value in self.tokens.items() if value[1] is not made}
