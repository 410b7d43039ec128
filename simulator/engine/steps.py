"""The states that take no help: Pass, Choice, Wait, Succeed, Fail."""

from datetime import datetime

from simulator.engine.dataflow import Flow
from simulator.engine.failures import ExpressionError, StateFailure
from simulator.engine.frame import Frame
from simulator.engine.json_text import Document
from simulator.engine.machine import ChoiceState, FailState, PassState, SucceedState, WaitState
from simulator.engine.scope import Scope
from simulator.engine.templates import Reader
from simulator.journal import ChoiceMade
from simulator.json_types import JsonValue

NO_CHOICE = "Failed to transition out of the state. The state does not point to a next state."
Outcome = tuple[Document, str | None]
"""A state's output and the name of the next state, None at the end of the branch."""


def run_pass(frame: Frame, state: PassState, document: Document) -> Outcome:
    """Pass: the input, the Parameters or the Result."""
    scope = frame.enter("Pass", state.name, document)
    result = state.flow.take(scope)
    if state.has_result:
        result = state.result
    return finish(frame, "Pass", state.name, state.flow, scope, document, result), state.next


def run_choice(frame: Frame, state: ChoiceState, document: Document) -> Outcome:
    """Choice: the first rule that matches, else Default, else States.NoChoiceMatched."""
    scope = frame.enter("Choice", state.name, document)
    value = state.flow.take(scope)
    seen = scope if value is scope.input else scope.with_input(value)
    for index, rule in enumerate(state.rules):
        if rule.matches(seen):
            _note_choice(frame, state, index, rule.next)
            return _choose(frame, state, rule.flow, seen, document), rule.next
    if state.default is None:
        raise ExpressionError(NO_CHOICE)
    _note_choice(frame, state, None, state.default)
    return finish(frame, "Choice", state.name, state.flow, scope, document, value), state.default


def run_wait(frame: Frame, state: WaitState, document: Document) -> Outcome:
    """Wait: nothing happens until an instant."""
    scope = frame.enter("Wait", state.name, document)
    value = state.flow.take(scope)
    now = frame.run.clock.now()
    delay_ms = _delay_ms(now, state.until(scope.with_input(value), now))
    if delay_ms > 0:
        frame.run.clock.sleep_ms(delay_ms)
    return finish(frame, "Wait", state.name, state.flow, scope, document, value), state.next


def run_succeed(frame: Frame, state: SucceedState, document: Document) -> Outcome:
    """Succeed: the end of a branch."""
    scope = frame.enter("Succeed", state.name, document)
    value = state.flow.take(scope)
    return finish(frame, "Succeed", state.name, state.flow, scope, document, value), None


def run_fail(frame: Frame, state: FailState, document: Document) -> Outcome:
    """Fail: raises the error it names."""
    scope = frame.enter("Fail", state.name, document)
    raise StateFailure(_text(state.error, scope), _text(state.cause, scope))


def finish(frame: Frame, kind: str, name: str, flow: Flow, scope: Scope, document: Document, result: JsonValue) -> Document:
    """Make a state's output of its result, and leave it. `document` is its input, kept where nothing changed."""
    value, assigned = flow.give(scope, result)
    output = document if value is document.value else Document(value)
    frame.exit(kind, name, output, assigned)
    return output


def _note_choice(frame: Frame, state: ChoiceState, rule: int | None, target: str) -> None:
    frame.run.journal.record(ChoiceMade(frame.run.arn, state.name, rule, target))


def _choose(frame: Frame, state: ChoiceState, rule: Flow, scope: Scope, document: Document) -> Document:
    """Leave by a rule: what it assigns and puts out counts; Output and Assign of the state itself are for its Default."""
    value, assigned = rule.give(scope, scope.input)
    if not rule.is_jsonata and state.flow.output is not None:
        value = state.flow.output(scope, value)
    output = document if value is document.value else Document(value)
    frame.exit("Choice", state.name, output, assigned)
    return output


def _delay_ms(now: datetime, until: datetime) -> int:
    """Whole milliseconds, rounded up: a Wait never ends early."""
    delay = until - now
    return -(-(delay.days * 86_400_000_000 + delay.seconds * 1_000_000 + delay.microseconds) // 1000)


def _text(reader: Reader | None, scope: Scope) -> str | None:
    return None if reader is None else str(reader(scope))
