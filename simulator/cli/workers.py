"""Runs of a session, one after the other or several at once in processes of their own; results always come in order.

A run depends on its scenario and seed only, so it does not matter which process it happens in.
"""

import multiprocessing
import os
import signal
import traceback
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

from simulator.errors import Problem, UserError, bug_told
from simulator.runner.result import Result
from simulator.scenario.model import Scenario

RUNS_PER_PROCESS = 4  # below so many runs for each, another process costs more than it brings
_AHEAD = 8  # runs for each process that may wait to be shown

Task = tuple[Scenario, int]
Run = Callable[[Scenario, int], Result]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A run's result or, without one, what kept it from being judged: the user's problems, or a `bug` and whose."""

    result: Result | None = None
    problems: tuple[Problem, ...] = ()
    bug: str = ""
    traceback: str = ""


def attempts(tasks: Sequence[Task], run: Run, jobs: int | None) -> Generator[Attempt]:
    """Run each task's scenario with its seed, in order; `jobs` is how many at once, None: what the machine is good for."""
    count = min(len(tasks), _worth(len(tasks)) if jobs is None else jobs)
    if count <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield from (_attempt(run, task) for task in tasks)
    else:
        yield from _in_parallel(tasks, run, count)


def _worth(tasks: int) -> int:
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(available, tasks // RUNS_PER_PROCESS))


def _in_parallel(tasks: Sequence[Task], run: Run, count: int) -> Generator[Attempt]:
    # Forked processes share what the parent has read: the scenarios, botocore's models, the simulator itself.
    global _tasks, _run
    _tasks, _run = tasks, run
    executor = ProcessPoolExecutor(count, multiprocessing.get_context("fork"), _ignore_interrupts)
    waiting: deque[Future[Attempt]] = deque()
    try:
        for number in range(len(tasks)):
            waiting.append(executor.submit(_numbered, number))
            if len(waiting) >= count * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)


_tasks: Sequence[Task] = ()
_run: Run | None = None


def _numbered(number: int) -> Attempt:
    assert _run is not None
    return _attempt(_run, _tasks[number])


def _attempt(run: Run, task: Task) -> Attempt:
    try:
        return Attempt(run(*task))
    except UserError as error:
        return Attempt(problems=error.problems)
    except Exception as error:  # a bug of ours must not take the other runs with it
        return Attempt(bug=bug_told(error), traceback="".join(traceback.format_exception(error)))


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of the terminal; the one that shows results ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
