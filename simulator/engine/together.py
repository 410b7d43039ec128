"""Lines of control that run at the same time."""

from collections.abc import Callable, Sequence
from functools import partial

from simulator.clock import Priority, Signal, VirtualClock
from simulator.engine.failures import Cancelled, StateFailure
from simulator.engine.frame import Frame

LAST = Priority.DEADLINE + 1
"""After everything else that is due at an instant."""


def together(frame: Frame, name: str, bodies: Sequence[Callable[[Frame], None]], lines: Sequence[Frame]) -> None:
    """Run lines of control at the same time, until all have ended or one has failed, which ends the others.

    A single one needs no process of its own. Raises the `StateFailure` of the first that failed.
    """
    frame.children = list(lines)
    for line in lines:
        line.previous_id = frame.previous_id
    if len(lines) == 1:
        _alone(frame, lines[0], bodies[0])
    elif lines:
        _race(frame, name, lines, bodies)
    frame.children = []


def _alone(frame: Frame, line: Frame, body: Callable[[Frame], None]) -> None:
    try:
        body(line)
    except StateFailure as failure:
        _end(frame, line, failure)
        raise
    finally:
        frame.previous_id = line.previous_id


def _race(frame: Frame, name: str, lines: Sequence[Frame], bodies: Sequence[Callable[[Frame], None]]) -> None:
    clock, over, left, failures = frame.run.clock, Signal(frame.run.clock), len(lines), list[StateFailure]()

    def start(line: Frame, body: Callable[[Frame], None]) -> None:
        nonlocal left
        try:
            body(line)
        except Cancelled:
            return
        except StateFailure as failure:
            if not _is_first(clock, failure):
                return
            failures.append(failure)
            _end(frame, line, failure)
        left -= 1
        if left == 0 or failures:
            frame.previous_id = line.previous_id
            over.set()

    for index, (line, body) in enumerate(zip(lines, bodies, strict=True)):
        line.process = clock.spawn(f"{frame.run.name}/{name}/{index}", partial(start, line, body))
    over.wait()
    if failures:
        raise failures[0]


def _is_first(clock: VirtualClock, failure: StateFailure) -> bool:
    """Let the other lines do what they do at this very instant; whether none of them has ended this one meanwhile.

    So four tasks that time out together all tell of it before the first of them ends the others, as on AWS. A runtime
    error waits for nobody.
    """
    if failure.is_terminal:
        return True
    process = clock.current()
    try:
        process.suspend(clock.call_after(0, process.resume, LAST))
    except Cancelled:
        return False
    return True


def _end(frame: Frame, line: Frame, failure: StateFailure) -> None:
    """One line has failed: end the others, and tell of it. Every event of that comes after the failed line's last one."""
    frame.children.remove(line)
    if not failure.is_terminal:
        line.tell_of_iteration("MapIterationFailed")
    for other in frame.children:
        other.abort(line.previous_id, is_silent=failure.is_terminal)
    if not failure.is_terminal and line.active and line.active[0] == "Task":  # it was entered and never left
        line.note("TaskStateAborted", line.active[1], {})
    line.active = line.iteration = None
    frame.children = []
