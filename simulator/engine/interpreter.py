"""The loop over states: each gives its output and the name of the next."""

from collections.abc import Callable
from typing import Any

from simulator.engine.branches import run_map, run_parallel
from simulator.engine.failures import ExpressionError
from simulator.engine.frame import Frame
from simulator.engine.json_text import TOO_DEEP, Document
from simulator.engine.machine import (
    Branch,
    ChoiceState,
    FailState,
    MapState,
    ParallelState,
    PassState,
    SucceedState,
    TaskState,
    WaitState,
)  # fmt: skip
from simulator.engine.steps import Outcome, run_choice, run_fail, run_pass, run_succeed, run_wait
from simulator.engine.task import run_task

RUNNERS: dict[type, Callable[[Frame, Any, Document], Outcome]] = {
    PassState: run_pass,
    TaskState: run_task,
    ChoiceState: run_choice,
    WaitState: run_wait,
    SucceedState: run_succeed,
    FailState: run_fail,
    ParallelState: run_parallel,
    MapState: run_map,
}


def run_branch(frame: Frame, branch: Branch, document: Document) -> Document:
    """Run states from the first to one that ends the branch; its output. Raises `StateFailure`."""
    states, name = branch.states, branch.start_at
    if frame.is_resuming and frame.position:
        name, document = frame.position
    while True:
        state = states[name]
        try:
            document, target = RUNNERS[type(state)](frame, state, document)
        except ExpressionError as error:
            raise frame.failure(state.name, error) from None
        except RecursionError:
            raise frame.failure(state.name, ExpressionError(TOO_DEEP)) from None
        if target is None:
            return document
        name = target
