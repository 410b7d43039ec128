"""Lines of control that run at the same time."""

from collections.abc import Callable, Sequence
from functools import partial

from simulator.clock import Signal
from simulator.engine.failures import Cancelled, StateFailure
from simulator.engine.frame import Frame


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
    except StateFailure:
        frame.children = []
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
            failures.append(failure)
        left -= 1
        if left == 0 or failures:
            frame.previous_id = line.previous_id
            frame.children.remove(line)
            for other in frame.children if failures else ():
                other.abort(is_silent=failures[0].is_terminal)
            over.set()

    for index, (line, body) in enumerate(zip(lines, bodies, strict=True)):
        line.process = clock.spawn(f"{frame.run.name}/{name}/{index}", partial(start, line, body))
    over.wait()
    if failures:
        raise failures[0]
