"""The lines of control of an execution.

A frame is one line of control: the main line, a branch of a Parallel, an iteration of a Map. It chains its history events
(each names its predecessor in the same line) and holds the variables that its states see.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from simulator.clock import Process
from simulator.engine.failures import Cancelled, ExpressionError, StateFailure
from simulator.engine.json_text import MAX_PAYLOAD_BYTES, Document, size_bytes
from simulator.engine.run import Run
from simulator.engine.scope import Scope
from simulator.engine.variables import MAX_TOTAL_BYTES, total_bytes
from simulator.json_types import JsonObject, JsonValue
from simulator.rng import Stream

COMPLETE: JsonObject = {"truncated": False}
ABORTABLE = frozenset({"Task", "Parallel", "Map", "Wait"})


class Frame:
    """One line of control. `item` is the `Map` member of the context object inside of a Map, else None.

    `position` is the state last entered and its input, `done` what a Parallel or Map had when it failed: from these a
    redriven execution goes on.
    """

    __slots__ = (
        "active",
        "call",
        "children",
        "done",
        "entered_id",
        "entered_ms",
        "entered_previous",
        "has_map_run",
        "is_resuming",
        "item",
        "iteration",
        "kept",
        "passed_id",
        "position",
        "previous_id",
        "process",
        "retry_count",
        "run",
        "token",
        "variables",
    )  # fmt: skip

    def __init__(self, run: Run, variables: dict[str, JsonValue], previous_id: int, item: JsonObject | None) -> None:
        self.run = run
        self.variables = variables
        self.previous_id = previous_id
        self.item = item
        self.active: tuple[str, str] | None = None
        self.iteration: tuple[str, int] | None = None
        self.children: list[Frame] = []
        self.process: Process | None = None
        self.call: Process | None = None
        self.token: str | None = None
        self.entered_id = self.entered_previous = self.entered_ms = self.passed_id = 0
        self.retry_count: int | None = None
        self.position: tuple[str, Document] | None = None
        self.is_resuming = False
        self.has_map_run = False
        self.done: tuple[list[Any], list[Frame]] | None = None
        self.kept: tuple[list[Any], list[Frame]] | None = None

    def resume(self, previous_id: int) -> None:
        """Prepare for a redrive: the next state entered is the one that this line was in, and it is already entered."""
        self.previous_id = previous_id
        self.is_resuming = self.position is not None
        self.kept = self.done

    def finished(self) -> tuple[list[Any], "list[Frame]"] | None:
        """In a redriven Parallel or Map: its results so far and its lines of control; None when it starts afresh."""
        kept, self.kept = self.kept, None
        for line in kept[1] if kept else ():
            line.resume(self.previous_id)
        return kept

    def branch(self, item: JsonObject | None = None) -> "Frame":
        """A new line of control that starts from here."""
        frame = Frame(self.run, dict(self.variables), self.previous_id, item or self.item)
        self.children.append(frame)
        return frame

    def emit(self, kind: str, state: str | None, details: JsonObject) -> int:
        """Write a history event that the next one of this line will name as its predecessor."""
        self.previous_id = self.run.record(kind, state, details, self.previous_id)
        self.passed_id = 0
        return self.previous_id

    def note(self, kind: str, state: str | None, details: JsonObject, previous_id: int | None = None) -> int:
        """Write a history event that the next one will pass over, unless that tells of a failure."""
        self.passed_id = self.run.record(kind, state, details, previous_id or self.previous_id)
        return self.passed_id

    def enter(self, kind: str, state: str, document: Document, *, has_retries: bool = False) -> Scope:
        """Enter a state: the event, and the scope of its expressions."""
        self.active = (kind, state)
        self.position = (state, document)
        self.token = None
        self.retry_count = 0 if has_retries else None
        is_entered, self.is_resuming = self.is_resuming and has_retries, False
        if is_entered:
            return Scope(document.value, self.variables, self.context, self._draws, self.run.clock)
        self.done = self.kept = None
        self.entered_previous = self.previous_id
        self.entered_ms = self.run.clock.now_ms
        details: JsonObject = {"name": state, "input": document.text, "inputDetails": COMPLETE}
        self.entered_id = self.emit(kind + "StateEntered", state, details)
        return Scope(document.value, self.variables, self.context, self._draws, self.run.clock)

    def exit(self, kind: str, state: str, document: Document, assigned: Mapping[str, JsonValue]) -> None:
        """Leave a state: the event, and the variables it assigns."""
        check_size(state, document)
        details: dict[str, JsonValue] = {"name": state, "output": document.text, "outputDetails": COMPLETE}
        if assigned:
            check_size(state, Document(assigned))
            details["assignedVariables"] = {name: Document(value).text for name, value in assigned.items()}
            details["assignedVariablesDetails"] = COMPLETE
            self.variables = self._with(state, assigned)
        self.emit(kind + "StateExited", state, details)
        self.active = None

    def _with(self, state: str, assigned: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        variables = {**self.variables, **assigned}
        if len(variables) * MAX_PAYLOAD_BYTES > MAX_TOTAL_BYTES and total_bytes(variables) > MAX_TOTAL_BYTES:
            cause = f"The variables hold more than {MAX_TOTAL_BYTES} bytes after the state '{state}'."
            raise StateFailure("States.DataLimitExceeded", cause)
        return variables

    def context(self) -> JsonObject:
        """The context object as the present state sees it."""
        run = self.run
        execution: dict[str, JsonValue] = {
            "Id": run.arn, "Input": run.input, "StartTime": run.timestamp(run.started_ms), "Name": run.name,
            "RoleArn": run.role_arn,
        }  # fmt: skip
        if not run.is_express:  # these cannot be redriven
            execution["RedriveCount"] = run.redrive_count
        if run.redriven_ms is not None:
            execution["RedriveTime"] = run.timestamp(run.redriven_ms)
        state: dict[str, JsonValue] = {
            "Name": self.active[1] if self.active else "", "EnteredTime": run.timestamp(self.entered_ms)
        }  # fmt: skip
        if self.retry_count is not None:
            state["RetryCount"] = self.retry_count
        context: dict[str, JsonValue] = {
            "Execution": execution, "StateMachine": {"Id": run.machine_arn, "Name": run.machine_name}, "State": state,
        }  # fmt: skip
        if self.token is not None:
            context["Task"] = {"Token": self.token}
        if self.item is not None:
            context["Map"] = {"Item": self.item}
        return context

    def failure(self, state: str, error: ExpressionError) -> StateFailure:
        """An expression's error as the state's: its cause says where it happened."""
        cause = f"An error occurred while executing the state '{state}' (entered at the event id #{self.entered_id}). "
        cause += error.message
        if error.location is not None:
            details = {"error": error.error, "cause": cause, "location": error.location, "state": state}
            if error.is_expression and self.previous_id == self.entered_id:
                self.previous_id = self.entered_previous
            self.emit("EvaluationFailed", state, details)
        return StateFailure(error.error, cause, is_terminal=error.error == "States.Runtime")

    def abort(self, previous_id: int | None = None, *, is_silent: bool = False) -> None:
        """End this line and everything below it; nothing of it runs again.

        With the events that tell of it, all after the one that was the reason (`previous_id`), unless the whole execution
        ends: then its own last event says it all.
        """
        if previous_id is not None:
            self.previous_id = previous_id
        for child in self.children:
            child.abort(previous_id, is_silent=is_silent)
        self.children = []
        if not is_silent:
            self._tell_of_abort()
        self.active = self.iteration = None
        for process in (self.call, self.process):
            if process is not None:
                process.interrupt(Cancelled())

    def tell_of_iteration(self, kind: str) -> None:
        """Write what became of the iteration of a Map that this line is in, if it is in one."""
        if self.iteration:
            name, index = self.iteration
            self._tell(kind, name, {"name": name, "index": index})

    def _tell_of_abort(self) -> None:
        if self.active and self.has_map_run:
            self._tell("MapRunAborted", self.active[1], {})
        if self.active and self.active[0] in ABORTABLE:
            self._tell(f"{self.active[0]}StateAborted", self.active[1], {})
        self.tell_of_iteration("MapIterationAborted")

    def _tell(self, kind: str, state: str, details: JsonObject) -> None:
        with suppress(StateFailure):  # a full history ends the execution anyway
            self.note(kind, state, details)

    def _draws(self) -> Stream:
        return self.run.stream("draw")


def check_size(state: str, document: Document) -> None:
    """Raises `StateFailure` (States.DataLimitExceeded) for a document over Step Functions' limit."""
    if cause := oversize(state, document):
        raise StateFailure("States.DataLimitExceeded", cause)


def oversize(what: str, document: Document) -> str | None:
    """What is wrong with a document over Step Functions' limit, None for one within it."""
    text = document.text
    if len(text) * 4 <= MAX_PAYLOAD_BYTES or size_bytes(text) <= MAX_PAYLOAD_BYTES:
        return None
    return f"The state/task '{what}' returned a result with a size exceeding the maximum number of bytes service limit."
