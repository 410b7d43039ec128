"""Automation: runbooks, each execution a process of the clock that goes from step to step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from greenlet import GreenletExit

from simulator.account.account import CALLER
from simulator.account.ssm import actions
from simulator.account.ssm.actions import Failure, Surroundings
from simulator.account.ssm.documents import Document
from simulator.account.ssm.outcomes import SCRIPT, Outcome
from simulator.account.ssm.values import Unresolved, resolve, select
from simulator.clock import Process, Signal
from simulator.journal import AutomationChanged, AutomationStepChanged

ENDED = ("Success", "Failed", "TimedOut", "Cancelled")
MAX_STEPS_RUN = 1_000  # a runbook that branches in a circle ends somewhere
DAY_MS = 24 * 60 * 60 * 1000
_TIME_LIMITS_MS = {"aws:approve": 7 * DAY_MS, "aws:pause": 7 * DAY_MS}


class Stopped(GreenletExit):
    """Raised where an execution or a step waits when it is stopped. Not an Exception: no action must carry on."""


@dataclass(slots=True)
class StepRun:
    """A step of an execution, once for each time it was entered."""

    id: str
    name: str
    action: str
    status: str = "Pending"
    started_ms: int | None = None
    ended_ms: int | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    message: str = ""


@dataclass(slots=True)
class AutomationExecution:
    """An execution of a runbook. `signals` are the ones that have come for its present step."""

    id: str
    document: Document
    parameters: Mapping[str, Any]
    by: str
    started_ms: int
    ended: Signal
    status: str = "Pending"
    ended_ms: int | None = None
    steps: list[StepRun] = field(default_factory=list)
    message: str = ""
    process: Process | None = None
    parent: str | None = None
    signals: actions.Signals | None = None

    @property
    def outputs(self) -> dict[str, list[str]]:
        """The outputs that the runbook declares, as far as there are any."""
        known = self.known()
        declared = self.document.content.get("outputs", [])
        return {name: _texts(known[name]) for name in declared if name in known}

    def known(self) -> dict[str, Any]:
        """What references may name now."""
        given = dict(self.parameters) | {"automation:EXECUTION_ID": self.id}
        for step in self.steps:
            given |= {f"{step.name}.{name}": value for name, value in step.outputs.items()}
        return given


def run(execution: AutomationExecution, around: Surroundings) -> None:
    """Run an execution to its end, in a process of its own."""
    CALLER.set(f"ssm:{execution.id}")
    _note(execution, around, "InProgress")
    try:
        status = _run_steps(execution, around)
    except Stopped:
        status = "Cancelled"
        if execution.steps and execution.steps[-1].status not in ENDED:
            _note_step(execution, around, execution.steps[-1], "Cancelled")
    execution.ended_ms = around.clock.now_ms
    _note(execution, around, status)
    execution.ended.set()


def _run_steps(execution: AutomationExecution, around: Surroundings) -> str:
    steps = {step["name"]: step for step in execution.document.content["mainSteps"]}
    names = list(steps)
    name: str | None = names[0]
    overall = "Success"
    for _ in range(MAX_STEPS_RUN):
        if name is None:
            return overall
        step = steps[name]
        entered, chosen = _run_step(execution, around, step)
        following = names[names.index(name) + 1] if names.index(name) + 1 < len(names) else None
        if entered.status == "Success":
            name = chosen or step.get("nextStep") or (None if step.get("isEnd") else following)
            continue
        execution.message = entered.message
        if step.get("isCritical", True):
            overall = entered.status if entered.status == "TimedOut" else "Failed"
        on_failure = str(step.get("onFailure", "Abort"))
        if on_failure.startswith("step:"):
            name = on_failure.removeprefix("step:")
        elif on_failure == "Continue":
            name = step.get("nextStep") or (None if step.get("isEnd") else following)
        else:
            return entered.status if entered.status == "TimedOut" else "Failed"
    execution.message = f"The runbook ran {MAX_STEPS_RUN} steps and came to no end"
    return "Failed"


def _run_step(execution: AutomationExecution, around: Surroundings, step: Mapping[str, Any]) -> tuple[StepRun, str | None]:
    """One step with its attempts: its run, and the step that a branch chose."""
    number = len(execution.steps) + 1
    identifier = around.chance.stream("ssm.step", f"{execution.id}/{number}").uuid()
    entered = StepRun(identifier, step["name"], step["action"], started_ms=around.clock.now_ms)
    execution.steps.append(entered)
    chosen: str | None = None
    for attempt in range(1, max(1, int(step.get("maxAttempts", 1))) + 1):
        waits = step["action"] in ("aws:approve", "aws:pause")
        _note_step(execution, around, entered, "Waiting" if waits else "InProgress")
        if waits:  # the automation as a whole waits, too
            _note(execution, around, "Waiting")
        status, chosen = _attempt(execution, around, step, entered, attempt)
        if waits:
            _note(execution, around, "InProgress")
        if status == "Success":
            break
    entered.ended_ms = around.clock.now_ms
    _note_step(execution, around, entered, status)
    return entered, chosen


def _attempt(
    execution: AutomationExecution, around: Surroundings, step: Mapping[str, Any], entered: StepRun, attempt: int
) -> tuple[str, str | None]:
    try:
        entered.inputs = resolve(step.get("inputs", {}), execution.known() | around.globals())
    except Unresolved as error:
        entered.message = str(error)
        return "Failed", None
    execution.signals = actions.Signals(Signal(around.clock))
    outcome = around.outcomes.take(execution.document.name, step["name"])
    process = around.clock.spawn(
        f"{execution.document.name}/{step['name']}",
        lambda: _act(execution, around, step, entered, outcome, attempt),
        supervised=True,
    )
    limit_ms = (
        int(step["timeoutSeconds"]) * 1000 if "timeoutSeconds" in step else _TIME_LIMITS_MS.get(step["action"], DAY_MS)
    )
    try:
        is_over = process.ended.wait(limit_ms)
    except Stopped:
        process.interrupt(Stopped())
        raise
    if not is_over:
        process.interrupt(Stopped())
        entered.message = f"Step {step['name']} timed out after {limit_ms // 1000} seconds"
        return "TimedOut", None
    if isinstance(process.error, Failure):
        entered.message = str(process.error)
        return "Failed", None
    if process.error is not None:
        raise process.error
    answer: actions.Answer = process.value
    entered.outputs |= answer.outputs | _selected(step, answer.response)
    return "Success", answer.next_step


def _act(
    execution: AutomationExecution,
    around: Surroundings,
    step: Mapping[str, Any],
    entered: StepRun,
    outcome: Outcome | None,
    attempt: int,
) -> actions.Answer:
    """What a step does: what somebody asked for, else its action; an action that is only modelled lets time pass."""
    CALLER.set(f"ssm:{execution.id}")
    entity = f"{execution.id}/{step['name']}/{attempt}"
    act = actions.ACTIONS.get(step["action"])
    if outcome is None and act is not None:
        return act(around, actions.Step(execution.id, entered.inputs, execution.signals))
    around.clock.sleep_ms(((outcome and outcome.duration) or SCRIPT).draw_ms(around.chance, entity))
    match outcome.ending if outcome else "Success":
        case "Failed":
            raise Failure((outcome and outcome.message) or f"Step {step['name']} fails")
        case "hang" | "TimedOut":
            Signal(around.clock).wait()
    return actions.Answer(dict(outcome.outputs) if outcome else {})


def _selected(step: Mapping[str, Any], response: Any) -> dict[str, Any]:
    """The outputs that a step takes from its action's answer."""
    return {one["Name"]: select(response, one["Selector"]) for one in step.get("outputs", []) if isinstance(one, Mapping)}


def _note(execution: AutomationExecution, around: Surroundings, status: str) -> None:
    execution.status = status
    around.journal.record(AutomationChanged(execution.id, execution.document.name, status, execution.message or None))


def _note_step(execution: AutomationExecution, around: Surroundings, step: StepRun, status: str) -> None:
    step.status = status
    around.journal.record(AutomationStepChanged(execution.id, step.name, step.action, status, step.message or None))


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
