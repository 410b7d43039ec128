"""Recovery plans: ordered steps, their executions, and the legal statuses of both in tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.drs.model import Table

MAX_STEPS = 20

# From each status of an execution, the ones that may follow. A step that fails ends its execution; to retry or skip the step
# takes it up again.
EXECUTION_STATUSES: Table = {
    "CREATED": ("IN_PROGRESS", "CANCELLING"),
    "IN_PROGRESS": ("COMPLETED", "FAILED", "CANCELLING"),
    "FAILED": ("IN_PROGRESS",),
    "CANCELLING": ("CANCELLED",),
    "CANCELLED": (),
    "COMPLETED": (),
}

# The same of a step of an execution: EXECUTING recovers servers, WAITING lets time pass.
STEP_STATUSES: Table = {
    "NOT_STARTED": ("EXECUTING", "WAITING", "SKIPPED"),
    "EXECUTING": ("COMPLETED", "FAILED"),
    "WAITING": ("COMPLETED", "SKIPPED"),
    "FAILED": ("EXECUTING", "SKIPPED"),
    "COMPLETED": (),
    "SKIPPED": (),
}

ENDED = ("COMPLETED", "FAILED", "CANCELLED")


@dataclass(frozen=True, slots=True)
class PlanServer:
    """A source server in a step; only one that is critical can make the step fail."""

    arn: str
    is_critical: bool

    @property
    def id(self) -> str:
        """The source server's id."""
        return self.arn.rpartition("/")[2]


@dataclass(slots=True)
class PlanStep:
    """A step of a plan: servers that are recovered in one job, or (with none) minutes to wait."""

    id: str
    arn: str
    name: str
    servers: tuple[PlanServer, ...]
    wait_minutes: int
    created_ms: int
    updated_ms: int


@dataclass(slots=True)
class Plan:
    """A recovery plan, its steps in order. `number` rises from plan to plan."""

    id: str
    arn: str
    number: int
    name: str
    description: str | None
    tags: dict[str, str]
    created_ms: int
    updated_ms: int
    steps: list[PlanStep] = field(default_factory=list)


@dataclass(slots=True)
class ExecutionStep:
    """A step as an execution has it. `jobs` maps source server ids to the last job that was to recover them."""

    arn: str
    index: int
    name: str
    servers: tuple[PlanServer, ...]
    wait_minutes: int
    created_ms: int
    updated_ms: int
    status: str = "NOT_STARTED"
    attempt: int = 1
    jobs: dict[str, str] = field(default_factory=dict)
    error: tuple[str, str] | None = None

    @property
    def is_wait(self) -> bool:
        """Whether it lets time pass."""
        return not self.servers


@dataclass(slots=True)
class PlanExecution:
    """An execution of a plan, with steps of its own. `snapshots` maps source server ids to the ones to recover from."""

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
    error: tuple[str, str] | None = None

    @property
    def is_active(self) -> bool:
        """Whether it goes on, so that its plan cannot be executed again."""
        return self.status not in ENDED


@dataclass(slots=True)
class RecoveryPlans:
    """The plans and executions of one account and Region, by id. `tokens` remembers what clientTokens were used for."""

    plans: dict[str, Plan] = field(default_factory=dict)
    executions: dict[str, PlanExecution] = field(default_factory=dict)
    tokens: dict[tuple[str, str], tuple[Any, str]] = field(default_factory=dict)

    def active(self, plan: Plan) -> PlanExecution | None:
        """The execution of a plan that goes on, if there is one."""
        return next((one for one in self.executions.values() if one.plan is plan and one.is_active), None)
