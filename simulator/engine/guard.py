"""Retry and Catch around the work of a Task, Parallel or Map state."""

from collections.abc import Callable

from simulator.engine.failures import ExpressionError, StateFailure
from simulator.engine.frame import Frame
from simulator.engine.json_text import Document
from simulator.engine.machine import MapState, ParallelState, TaskState
from simulator.engine.retry import find_rule, interval_ms
from simulator.engine.scope import Scope
from simulator.engine.steps import Outcome, finish
from simulator.journal import StateCaught, StateRetried
from simulator.json_types import JsonValue

Guarded = TaskState | ParallelState | MapState


def guarded(
    frame: Frame, kind: str, state: Guarded, document: Document, work: Callable[[Scope], JsonValue], failed: str | None
) -> Outcome:
    """Do a state's work until it succeeds, no retrier takes its error any more, or a catcher leads elsewhere.

    `failed` is the event that tells that the state gave up, None if it has none of its own.
    """
    scope = frame.enter(kind, state.name, document, has_retries=True)
    used = [0] * len(state.retriers)
    while True:
        try:
            return finish(frame, kind, state.name, state.flow, scope, document, work(scope)), state.next
        except ExpressionError as error:
            frame.previous_id = frame.passed_id or frame.previous_id  # it fails with what its branches came to
            failure = frame.failure(state.name, error)
        except StateFailure as error:
            failure = error
        if _retry(frame, state, failure, used):
            continue
        before_id = frame.previous_id
        _give_up(frame, state, failure, failed)
        try:
            return _catch(frame, kind, state, failure, scope)
        except ExpressionError as error:
            frame.previous_id = before_id
            failure = frame.failure(state.name, error)
            _give_up(frame, state, failure, failed)
            raise failure from None


def _give_up(frame: Frame, state: Guarded, failure: StateFailure, failed: str | None) -> None:
    if failed and not failure.is_terminal:
        frame.emit(failed, state.name, {})


def _retry(frame: Frame, state: Guarded, failure: StateFailure, used: list[int]) -> bool:
    index = find_rule(state.retriers, failure)
    if index is None or used[index] >= state.retriers[index].max_attempts:
        return False
    used[index] += 1
    run = frame.run
    wait_ms = interval_ms(state.retriers[index], used[index], run.stream(f"jitter.{state.name}"))
    run.journal.record(StateRetried(run.arn, state.name, failure.error or "", index, used[index], wait_ms))
    run.clock.sleep_ms(wait_ms)
    frame.retry_count = (frame.retry_count or 0) + 1
    return True


def _catch(frame: Frame, kind: str, state: Guarded, failure: StateFailure, scope: Scope) -> Outcome:
    index = find_rule(state.catchers, failure)
    if index is None:
        raise failure
    catcher = state.catchers[index]
    error_output: dict[str, JsonValue] = {"Error": failure.error or "", "Cause": failure.cause or ""}
    frame.run.journal.record(StateCaught(frame.run.arn, state.name, failure.error or "", index, catcher.next))
    if catcher.flow.is_jsonata:
        scope = scope.with_states(errorOutput=error_output)
    value, assigned = catcher.flow.give(scope, error_output)
    output = Document(value)
    frame.exit(kind, state.name, output, assigned)
    return output, catcher.next
