"""Whatever is asked of recovery plans in whatever order, nobody ever sees a step or a status that cannot be."""

from collections.abc import Mapping
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from simulator.drs.faults import ServerFault
from simulator.drs.settings import Quotas, RecoveryPlans, Settings
from simulator.errors import ServiceError
from tests.drs.plans import NAMES, WAIT, Plans

QUOTAS = Quotas(jobs_in_progress=2, servers_in_jobs=4, recovery_plans=3, steps_per_plan=4, servers_per_plan=4)
REFUSALS = {"ConflictException", "ServiceQuotaExceededException", "ResourceNotFoundException", "ValidationException"}
ACTIVE = {"CREATED", "IN_PROGRESS", "CANCELLING"}
NEXT_EXECUTION = {
    None: {"CREATED"},
    "CREATED": {"IN_PROGRESS", "FAILED", "CANCELLING"},
    "IN_PROGRESS": {"COMPLETED", "FAILED", "TIMED_OUT", "CANCELLING"},
    "FAILED": {"IN_PROGRESS"},
    "CANCELLING": {"CANCELLED"},
    "COMPLETED": set[str](),
    "TIMED_OUT": set[str](),
    "CANCELLED": set[str](),
}
NEXT_STEP = {
    None: {"EXECUTING", "WAITING", "SKIPPED"},
    "EXECUTING": {"COMPLETED", "FAILED", "TIMED_OUT"},
    "WAITING": {"COMPLETED", "TIMED_OUT", "SKIPPED"},
    "FAILED": {"EXECUTING", "SKIPPED"},
    "COMPLETED": set[str](),
    "TIMED_OUT": set[str](),
    "SKIPPED": set[str](),
}
some = st.integers(0, 7)
servers = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)


class Looking(RuleBasedStateMachine):
    """Looks, after each call or mishap, at everything the API shows of plans and executions."""

    def __init__(self) -> None:
        super().__init__()
        self.plans = Plans(Settings(quotas=QUOTAS, rates=None, recovery_plans=self.knobs()))
        self.world = self.plans.world
        self.read = 0
        self.statuses: dict[Any, str] = {}
        self.plans.step("data", self.plans.servers_of("db-1", optional=("db-2",)))
        self.plans.step("pause", WAIT)
        self.plans.step("app", self.plans.servers_of("app-1"))

    def knobs(self) -> RecoveryPlans:
        return RecoveryPlans(limit_seconds=3 * 3600.0)

    def ask(self, operation: str, **request: Any) -> None:
        try:
            self.world.call(operation, **request)
        except ServiceError as error:
            assert error.code in REFUSALS  # noqa: PT017

    def all(self, operation: str, member: str, **request: Any) -> list[Any]:
        rows: list[Any] = self.world.call(operation, **request)[member]
        return rows

    def one(self, rows: list[Any], place: int, member: str) -> str:
        """The ARN of one of some rows, or one that does not exist."""
        nowhere = "arn:aws:drs:us-west-2:123456789012:recovery-plan/plan-0/step/st-0"
        return str(rows[place % len(rows)][member]) if rows else nowhere

    def plan(self, place: int) -> str:
        return self.one(self.all("ListRecoveryPlans", "recoveryPlans"), place, "recoveryPlanArn")

    @invariant()
    def plans_are_as_they_can_be(self) -> None:
        shown = self.all("ListRecoveryPlans", "recoveryPlans")
        assert len({plan["name"] for plan in shown}) == len(shown) <= QUOTAS.recovery_plans
        for plan in shown:
            steps = self.all("ListRecoveryPlanSteps", "recoveryPlanSteps", recoveryPlanArn=plan["recoveryPlanArn"])
            self.steps_are_as_they_can_be(plan, steps)

    def steps_are_as_they_can_be(self, plan: Mapping[str, Any], steps: list[Any]) -> None:
        assert [step["stepOrder"] for step in steps] == list(range(1, len(steps) + 1))
        assert len(steps) <= QUOTAS.steps_per_plan
        kinds = [next(iter(step["configuration"])) for step in steps]
        assert (plan["status"] == "ACTIVE") == ("serverStepConfiguration" in kinds)
        assert plan["status"] == "INVALID" or kinds[0] == "serverStepConfiguration"
        listed = [
            server["serverArn"]
            for step in steps
            for server in step["configuration"].get("serverStepConfiguration", {"servers": ()})["servers"]
        ]
        assert len(listed) == len(set(listed)) <= QUOTAS.servers_per_plan

    @invariant()
    def executions_are_as_they_can_be(self) -> None:
        rows = self.all("ListRecoveryPlanExecutions", "recoveryPlanExecutions")
        assert rows == self.all("ListRecoveryPlanExecutions", "recoveryPlanExecutions")  # looking changes nothing
        active = [row for row in rows if row["status"] in ACTIVE]
        assert len({row["recoveryPlanArn"] for row in active}) == len(active)
        held: list[str] = []
        for row in rows:
            execution = self.plans.execution(row["recoveryPlanExecutionArn"])
            steps = self.plans.steps(row["recoveryPlanExecutionArn"])
            assert [step["stepIndex"] for step in steps] == list(range(1, len(steps) + 1))
            assert ("completedAt" in execution) == (execution["status"] not in ACTIVE)
            running = [step for step in steps if step["status"] in ("EXECUTING", "WAITING")]
            self.running_fits(execution["status"], [step["status"] for step in steps], len(running))
            if row in active:
                held += [arn for step in steps for arn in self.servers_in(step)]
        assert len(held) == len(set(held))

    def running_fits(self, status: str, steps: list[str], running: int) -> None:
        match status:
            case "CREATED":
                assert set(steps) <= {"NOT_STARTED", "SKIPPED"}
            case "IN_PROGRESS":
                assert running == 1
            case "CANCELLING":
                assert running <= 1
                assert "NOT_STARTED" not in steps
            case "FAILED":
                assert running == 0
                assert "FAILED" in steps or set(steps) <= {"NOT_STARTED", "SKIPPED"}
            case "COMPLETED":
                assert set(steps) <= {"COMPLETED", "SKIPPED"}
            case _:
                assert running == 0

    def servers_in(self, step: Mapping[str, Any]) -> list[str]:
        configuration = step["configuration"].get("executionServerStepConfiguration", {"servers": ()})
        return [server["serverArn"] for server in configuration["servers"]]

    @invariant()
    def every_change_in_the_journal_is_legal(self) -> None:
        for index in range(self.read, len(self.world.journal)):
            event: Any = self.world.journal[index].event
            match event.kind:
                case "drs.plan_execution":
                    self.change(NEXT_EXECUTION, event.execution, event.status)
                case "drs.plan_step":
                    self.change(NEXT_STEP, (event.execution, event.index), event.status)
        self.read = len(self.world.journal)

    def change(self, table: Mapping[str | None, set[str]], key: Any, status: str) -> None:
        assert status in table[self.statuses.get(key)], (key, self.statuses.get(key), status)
        self.statuses[key] = status


class AnyPlans(Looking):
    """Plans and their steps are made, changed and deleted, while some are executed."""

    def plan_step(self, place: int) -> str:
        plans = self.all("ListRecoveryPlans", "recoveryPlans")
        arns = [plan["recoveryPlanArn"] for plan in plans]
        rows = [row for arn in arns for row in self.all("ListRecoveryPlanSteps", "recoveryPlanSteps", recoveryPlanArn=arn)]
        return self.one(rows, place, "recoveryPlanStepArn")

    @rule(name=st.sampled_from(("a", "b", "c", "d")))
    def create_plan(self, name: str) -> None:
        self.ask("CreateRecoveryPlan", name=name)

    @rule(place=some)
    def delete_plan(self, place: int) -> None:
        self.ask("DeleteRecoveryPlan", recoveryPlanArn=self.plan(place))

    @rule(place=some, order=st.none() | st.integers(1, 4), minutes=st.integers(1, 30), names=servers, waits=st.booleans())
    def create_step(self, place: int, order: int | None, minutes: int, names: list[str], waits: bool) -> None:
        wait = {"waitStepConfiguration": {"waitDurationMinutes": minutes}}
        configuration = wait if waits else self.plans.servers_of(*names[:1], optional=tuple(names[1:]))
        request = self.plans.request("step", configuration, self.plan(place))
        self.ask("CreateRecoveryPlanStep", **request, **({"stepOrder": order} if order else {}))

    @rule(place=some, names=servers)
    def update_step(self, place: int, names: list[str]) -> None:
        change = self.plans.servers_of(*names)
        self.ask("UpdateRecoveryPlanStep", recoveryPlanStepArn=self.plan_step(place), configuration=change)

    @rule(place=some)
    def delete_step(self, place: int) -> None:
        self.ask("DeleteRecoveryPlanStep", recoveryPlanStepArn=self.plan_step(place))

    @rule(place=some, luck=st.randoms(use_true_random=False))
    def reorder(self, place: int, luck: Any) -> None:
        plan = self.plan(place)
        try:
            listed = self.all("ListRecoveryPlanSteps", "recoveryPlanSteps", recoveryPlanArn=plan)
        except ServiceError:
            return
        order = [step["recoveryPlanStepArn"] for step in listed]
        luck.shuffle(order)
        if order:
            self.ask("ReorderRecoveryPlanSteps", recoveryPlanArn=plan, orderedStepArns=order)

    @rule(place=some)
    def start(self, place: int) -> None:
        self.ask("StartRecoveryPlanExecution", recoveryPlanArn=self.plan(place), mode="DRILL")

    @rule()
    def pass_time(self) -> None:
        self.world.pass_seconds(600)


class AnyExecutions(Looking):
    """Plans that share servers are executed, cancelled, retried and skipped, while servers fail or are busy."""

    def __init__(self) -> None:
        super().__init__()
        for name, tiers in (("crm", ("web-1", "web-2")), ("hr", ("app-1", "db-2"))):
            plan = self.plans.create(name)
            for tier in tiers:
                self.plans.step(tier, self.plans.servers_of(tier), plan)

    def execution(self, place: int) -> str:
        rows = self.all("ListRecoveryPlanExecutions", "recoveryPlanExecutions")
        return self.one(rows, place, "recoveryPlanExecutionArn")

    def step(self, place: int, *preferred: str) -> str:
        """A step of the latest executions, one in a certain status if there is one."""
        executions = self.all("ListRecoveryPlanExecutions", "recoveryPlanExecutions")[:3]
        rows = [row for one in executions for row in self.plans.steps(one["recoveryPlanExecutionArn"])]
        fitting = [row for row in rows if row["status"] in preferred]
        return self.one(fitting or rows, place, "recoveryPlanExecutionStepArn")

    @rule(place=some, mode=st.sampled_from(("DRILL", "RECOVERY")))
    def start(self, place: int, mode: str) -> None:
        self.ask("StartRecoveryPlanExecution", recoveryPlanArn=self.plan(place), mode=mode)

    @rule(seconds=st.sampled_from((30, 700)))
    def pass_time(self, seconds: float) -> None:
        self.world.pass_seconds(seconds)

    @rule(place=some, seconds=st.sampled_from((20, 900, 4000)))
    def start_and_look_later(self, place: int, seconds: float) -> None:
        self.start(place, "DRILL")
        self.world.pass_seconds(seconds)

    @rule(place=some)
    def cancel(self, place: int) -> None:
        self.ask("CancelRecoveryPlanExecution", recoveryPlanExecutionArn=self.execution(place))

    @rule(place=some)
    def delete_execution(self, place: int) -> None:
        self.ask("DeleteRecoveryPlanExecution", recoveryPlanExecutionArn=self.execution(place))

    @rule(place=some, is_sensible=st.booleans())
    def retry(self, place: int, is_sensible: bool) -> None:
        step = self.step(place, *(("FAILED",) if is_sensible else ()))
        self.ask("RetryRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step)

    @rule(place=some, is_sensible=st.booleans())
    def skip(self, place: int, is_sensible: bool) -> None:
        step = self.step(place, *(("FAILED", "NOT_STARTED") if is_sensible else ()))
        self.ask("UpdateRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step, status="SKIPPED")

    @rule(place=some, names=servers)
    def change_servers(self, place: int, names: list[str]) -> None:
        step, change = self.step(place, "NOT_STARTED"), self.plans.listed(*names)
        self.ask("UpdateRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step, servers=change)

    @rule(name=st.sampled_from(NAMES), outcome=st.sampled_from(("FAILED", "SILENT", "HANG")))
    def break_something(self, name: str, outcome: str) -> None:
        self.world.region.inject(ServerFault("fault", name, "CONVERSION", outcome, times=1))

    @rule(name=st.sampled_from(NAMES))
    def recover_beside(self, name: str) -> None:
        self.ask("StartRecovery", sourceServers=[{"sourceServerID": self.plans.servers[name].id}])


class AnyExecutionsOtherwise(AnyExecutions):
    """The same with the knobs turned the other way."""

    def knobs(self) -> RecoveryPlans:
        return RecoveryPlans(
            limit_seconds=3600.0, limit_from="resumption", job_per_server=True, refuses_stalled=True, cancel_ends_waits=True
        )


TestAnyPlans = AnyPlans.TestCase
TestAnyPlans.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestAnyExecutions = AnyExecutions.TestCase
TestAnyExecutions.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestAnyExecutionsOtherwise = AnyExecutionsOtherwise.TestCase
TestAnyExecutionsOtherwise.settings = TestAnyExecutions.settings
