"""Gives a run up when a condition of its scenario comes true, and does what the scenario says for that case."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from simulator.account import moto_services
from simulator.clock import Priority
from simulator.errors import SimulationLimit
from simulator.journal import OperatorActed, RunAborted
from simulator.scenario.expressions import Elapsed
from simulator.scenario.operators import Rollback
from simulator.targets.operators import decide

if TYPE_CHECKING:
    from simulator.targets.staging import Stage


class Aborted(SimulationLimit):
    """A condition came true under which the run is to be given up."""


def watch_conditions(stage: "Stage") -> None:
    """Let the run end with Aborted at the first condition of the scenario that comes true while an execution runs."""
    for condition in stage.scenario.abort_if:
        stop = _stopping(stage, condition.sentence)
        if isinstance(condition.what, Elapsed):
            stage.world.clock.accompany(condition.what.limit_ms, stop)
        else:
            stage.watch.moment(condition.what).then(partial(_between_events, stage, stop))


def _between_events(stage: "Stage", stop: Callable[[], None]) -> None:
    """Stop when all that is due at this instant has happened: what is under way is not torn apart."""
    stage.world.clock.call_after(0, stop, Priority.DEADLINE)


def _stopping(stage: "Stage", sentence: str) -> Callable[[], None]:
    def stop() -> None:
        executions = stage.world.executions
        if not executions or any(execution.ended_ms is None for execution in executions):
            stage.world.journal.record(RunAborted(sentence))
            raise Aborted(sentence)

    return stop


def roll_back(stage: "Stage", run_out: Callable[[], object]) -> None:
    """Do what the scenario wants done when it is given up, each thing when all before it has come to its end (`run_out`)."""
    for number, rollback in enumerate(stage.scenario.rollbacks, 1):
        stage.world.clock.spawn(f"rollback {number}", partial(_do, stage, rollback))
        run_out()


def _do(stage: "Stage", rollback: Rollback) -> None:
    if rollback.decide is not None:
        decide(stage, rollback.decide, rollback.reason)
    else:
        _terminate(stage)


def _terminate(stage: "Stage") -> None:
    """Terminate every recovery instance, in every place."""
    for region in stage.world.drs.regions:
        instances = [one.id for one in region.state.instances.values() if one.state not in ("TERMINATED", "SHUTTING-DOWN")]
        if not instances:
            continue
        client = moto_services.client("drs", region.state.name, region.state.account_id)
        try:
            client.terminate_recovery_instances(recoveryInstanceIDs=instances)
            refused = None
        except client.exceptions.ClientError as error:
            refused = str(error)
        deed = OperatorActed("terminate recovery instances", None, 409 if refused else 202, refused)
        stage.world.journal.record(deed)
