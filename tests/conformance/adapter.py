"""The engine behind the interface of the conformance runner: one recorded execution in, what the engine made of it out."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from simulator.clock import VirtualClock
from simulator.engine import history
from simulator.engine.definition import parse, refusal_message
from simulator.engine.execution import Execution, Status
from simulator.engine.tokens import TaskTokens
from simulator.errors import DefinitionError, HorizonReached
from simulator.journal import Journal
from simulator.rng import Chance
from tests.conformance.functions import Functions

START = datetime(2026, 11, 23, 4, tzinfo=UTC)  # the recordings have instants relative to this day
HORIZON_MS = 86_400_000
MACHINE_ARN = "arn:aws:states:us-east-1:111111111111:stateMachine:machine"
EXECUTION_ARN = "arn:aws:states:us-east-1:111111111111:execution:machine:execution"


class Engine:
    """Runs one recorded item in a world of its own."""

    def run(self, item: dict[str, Any]) -> dict[str, Any]:
        try:
            machine = parse(item["definition"], is_express=item.get("type") == "EXPRESS")
        except DefinitionError as error:
            return {"create_error": ("InvalidDefinition", refusal_message(error))}
        functions = Functions(item.get("lambdas") or {})
        clock = VirtualClock(START)
        journal, chance = Journal(lambda: clock.now_ms), Chance(1)
        execution = Execution(
            machine, arn=EXECUTION_ARN, name="execution", input=item.get("input") or "{}",
            role_arn="arn:aws:iam::111111111111:role/sfn-role", state_machine_arn=MACHINE_ARN, state_machine_name="machine",
            clock=clock, chance=chance, journal=journal, integrations=functions, tokens=TaskTokens(clock, chance),
            is_express=item.get("type") == "EXPRESS",
        )  # fmt: skip
        clock.spawn("execution", execution.run)
        with suppress(HorizonReached):
            clock.run(HORIZON_MS)
        events = history.events(journal, EXECUTION_ARN, START)
        return {
            "status": _status(execution, events), "output": execution.output, "error": execution.error,
            "cause": execution.cause, "events": events,
        }  # fmt: skip


def _status(execution: Execution, events: list[dict[str, Any]]) -> str:
    """The runner knows an execution that was still going when it was recorded by the type of its last event."""
    return str(events[-1]["type"]) if execution.status is Status.RUNNING else str(execution.status)
