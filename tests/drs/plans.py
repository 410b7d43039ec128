"""A world with a recovery plan in it, for the tests of recovery plans."""

from typing import Any

from simulator.drs.settings import Distribution, RecoveryPlans, Settings
from simulator.errors import ServiceError
from tests.drs.world import World, pinned

WAIT: dict[str, Any] = {"waitStepConfiguration": {"waitDurationMinutes": 10}}
NAMES = ("db-1", "db-2", "app-1", "web-1", "web-2")
# Executions without luck. A job of pinned latencies takes 532 to 534 seconds.
PINNED = RecoveryPlans(validation=Distribution(5), noticing=Distribution(10))


def planned(plans: RecoveryPlans = PINNED, **changes: Any) -> Settings:
    """Settings without luck, for worlds with recovery plans."""
    return pinned(recovery_plans=plans, **changes)


class Plans:
    """A world with five servers and a plan `erp` without steps."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.world = World(settings or planned())
        self.servers = {server.name: server for server in self.world.add(*NAMES)}
        self.plan = self.create("erp")

    def create(self, name: str, **more: Any) -> str:
        arn: str = self.world.call("CreateRecoveryPlan", name=name, **more)["recoveryPlan"]["recoveryPlanArn"]
        return arn

    def listed(self, *names: str, optional: tuple[str, ...] = ()) -> list[dict[str, str]]:
        """Servers as a step's configuration lists them."""
        critical = [{"serverArn": self.servers[name].arn} for name in names]
        return [*critical, *({"serverArn": self.servers[name].arn, "impactLevel": "OPTIONAL"} for name in optional)]

    def servers_of(self, *names: str, optional: tuple[str, ...] = ()) -> dict[str, Any]:
        return {"serverStepConfiguration": {"servers": self.listed(*names, optional=optional)}}

    def request(self, name: str, configuration: dict[str, Any], plan: str | None = None, **more: Any) -> dict[str, Any]:
        """The request for a step; it is the plan `erp`'s unless another one is given."""
        return {"recoveryPlanArn": plan or self.plan, "stepName": name, "configuration": configuration, **more}

    def step(self, name: str, configuration: dict[str, Any], plan: str | None = None, **more: Any) -> str:
        answer = self.world.call("CreateRecoveryPlanStep", **self.request(name, configuration, plan, **more))
        arn: str = answer["recoveryPlanStep"]["recoveryPlanStepArn"]
        return arn

    def three_tiers(self) -> None:
        """Databases, ten minutes, then the application."""
        self.step("data", self.servers_of("db-1", "db-2"))
        self.step("pause", WAIT)
        self.step("app", self.servers_of("app-1"))

    def names(self, plan: str | None = None) -> list[tuple[int, str]]:
        listed = self.world.call("ListRecoveryPlanSteps", recoveryPlanArn=plan or self.plan)["recoveryPlanSteps"]
        return [(step["stepOrder"], step["stepName"]) for step in listed]

    def status(self, plan: str | None = None) -> str:
        status: str = self.world.call("GetRecoveryPlan", recoveryPlanArn=plan or self.plan)["recoveryPlan"]["status"]
        return status

    def starting(self, plan: str | None = None, **more: Any) -> dict[str, Any]:
        """The request for an execution."""
        return {"recoveryPlanArn": plan or self.plan, "mode": "DRILL", **more}

    def start(self, plan: str | None = None, **more: Any) -> str:
        answer = self.world.call("StartRecoveryPlanExecution", **self.starting(plan, **more))
        arn: str = answer["recoveryPlanExecution"]["recoveryPlanExecutionArn"]
        return arn

    def execution(self, arn: str) -> dict[str, Any]:
        answer = self.world.call("GetRecoveryPlanExecution", recoveryPlanExecutionArn=arn)
        found: dict[str, Any] = answer["recoveryPlanExecution"]
        return found

    def steps(self, arn: str) -> list[dict[str, Any]]:
        answer = self.world.call("ListRecoveryPlanExecutionSteps", recoveryPlanExecutionArn=arn)
        listed: list[dict[str, Any]] = answer["recoveryPlanExecutionSteps"]
        return listed

    def step_arn(self, execution: str, index: int) -> str:
        arn: str = self.steps(execution)[index - 1]["recoveryPlanExecutionStepArn"]
        return arn

    def statuses(self, arn: str) -> tuple[str, ...]:
        """The status of an execution, then those of its steps."""
        return (self.execution(arn)["status"], *(step["status"] for step in self.steps(arn)))

    def jobs(self, execution: str, index: int) -> list[str | None]:
        """The jobs of a step's servers."""
        servers = self.steps(execution)[index - 1]["configuration"]["executionServerStepConfiguration"]["servers"]
        return [server.get("jobID") for server in servers]

    def cancel(self, execution: str) -> dict[str, Any]:
        answer = self.world.call("CancelRecoveryPlanExecution", recoveryPlanExecutionArn=execution)
        cancelled: dict[str, Any] = answer["recoveryPlanExecution"]
        return cancelled

    def update(self, step: str, **change: Any) -> dict[str, Any]:
        answer = self.world.call("UpdateRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step, **change)
        updated: dict[str, Any] = answer["recoveryPlanExecutionStep"]
        return updated

    def retry(self, step: str) -> dict[str, Any]:
        answer = self.world.call("RetryRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step)
        retried: dict[str, Any] = answer["recoveryPlanExecutionStep"]
        return retried

    def pass_minutes(self, minutes: float) -> None:
        self.world.pass_seconds(minutes * 60)


def failed_data(plans: Plans, **fault: Any) -> str:
    """An execution whose first step has failed, with `db-2`."""
    plans.world.inject("db-2", "LAUNCH", "FAILED", **{"times": 1, **fault})
    plans.three_tiers()
    execution = plans.start()
    plans.pass_minutes(10)
    assert plans.statuses(execution) == ("FAILED", "FAILED", "NOT_STARTED", "NOT_STARTED")
    return execution


def skipping(plans: Plans, step: str) -> ServiceError:
    """The error that skipping a step is answered with."""
    return plans.world.refusal("UpdateRecoveryPlanExecutionStep", recoveryPlanExecutionStepArn=step, status="SKIPPED")
