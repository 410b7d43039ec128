"""Tasks whose answers are written down beforehand, as for Step Functions Local: nothing is called, no time passes."""

import json
from collections.abc import Callable, Mapping
from typing import Protocol

from simulator.engine.failures import TaskFailure
from simulator.engine.integrations import TaskCall
from simulator.engine.resources import Pattern
from simulator.engine.tokens import TaskTokens
from simulator.json_types import JsonValue


class Answer(Protocol):
    """What an invocation gets: `result`, or an error where `error` is not None."""

    @property
    def result(self) -> JsonValue:
        """What the task's call answers, or its token."""

    @property
    def error(self) -> str | None:
        """The error's name."""

    @property
    def cause(self) -> str | None:
        """The error's cause."""


Answers = Callable[[int], Answer | None]
Told = Callable[[str, str], None]


class MockedTasks:
    """The tasks of some states. `states` has each one's answers, by the number of the invocation in its execution, from 0.

    `told` is called with the state and with what its invocation was given.
    """

    def __init__(self, states: Mapping[str, Answers], tokens: TaskTokens, told: Told) -> None:
        self._states, self._tokens, self._told = states, tokens, told
        self._invocations: dict[tuple[str, str], int] = {}

    def takes(self, task: TaskCall) -> bool:
        """Whether a task's answers are written down."""
        return task.state in self._states

    def call(self, task: TaskCall) -> JsonValue:
        """Answer a task. Raises TaskFailure, and `States.Runtime`, which nobody can catch, when no answer is left."""
        if task.submitted is not None:  # the job that a `.sync` task waits for has ended with what it was answered
            return task.submitted
        key = task.execution_arn, task.state
        number = self._invocations[key] = self._invocations.get(key, -1) + 1
        answer = self._states[task.state](number)
        if answer is None:
            self._told(task.state, f"no answer: invocation {number} is not mocked")
            raise TaskFailure("States.Runtime", f"No mocked answer for invocation {number} of state '{task.state}'.")
        self._told(task.state, f"answer {number}, " + (answer.error or "a result"))
        if task.resource.pattern is Pattern.CALLBACK:
            return self._by_token(task.token or "", answer)
        if answer.error is not None:
            raise TaskFailure(answer.error, answer.cause)
        return answer.result

    def _by_token(self, token: str, answer: Answer) -> JsonValue:
        """Answer as whoever has the token would; the call itself answers nothing."""
        if answer.error is None:
            self._tokens.succeed(token, json.dumps(answer.result))
        else:
            self._tokens.fail(token, answer.error, answer.cause)
        return {}
