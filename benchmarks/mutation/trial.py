"""Runs scenarios against a mutant, in a process of its own that may hang or crash."""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutation.mutants import Mutant
from simulator.errors import DrsimError
from simulator.runner.run import run_scenario
from simulator.scenario.model import Scenario

TIMES_AS_LONG, AT_LEAST_SECONDS = 5, 5.0  # processor time, so that other work on the machine makes no difference


@dataclass(frozen=True, slots=True)
class Question:
    """A scenario that is asked whether it notices a mutant, and the processor time that it is given to say so."""

    scenario: Scenario
    seconds: float


def asked(scenario: Scenario, usual_seconds: float) -> Question:
    """A scenario with some times what it takes as a rule; a mutant that keeps it longer than that has been noticed."""
    return Question(scenario, max(AT_LEAST_SECONDS, TIMES_AS_LONG * usual_seconds))


def killed_by(mutant: Mutant, questions: Sequence[Question], root: Path) -> str | None:
    """What noticed the mutant: the first scenario, in this order, that no longer passes; None if all of them still do."""
    file = root / mutant.file
    whole = file.read_text("utf-8")
    file.write_text(mutant.broken(), "utf-8")
    try:
        return _in_a_child(questions)
    finally:
        file.write_text(whole, "utf-8")


def _in_a_child(questions: Sequence[Question]) -> str | None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.write(writing, (_first_to_notice(questions, writing) or "").encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return said or (None if status == 0 else f"the process ended with {status}")


def _first_to_notice(questions: Sequence[Question], writing: int) -> str | None:
    def give_up(*_: object) -> None:
        os.write(writing, f"{one.scenario.path}: no end after {one.seconds:.0f} s".encode())
        os._exit(0)

    sys.dont_write_bytecode = True
    signal.signal(signal.SIGPROF, give_up)
    for one in questions:
        signal.setitimer(signal.ITIMER_PROF, one.seconds)
        if noticed := _noticed(one.scenario):
            return f"{one.scenario.path}: {noticed}"[:300]
    return None


def _noticed(scenario: Scenario) -> str | None:
    """Why the scenario does not pass, if it does not."""
    try:
        result = run_scenario(scenario)
    except DrsimError as error:
        return str(error)
    except Exception as error:  # a mutant may break anything, drsim's own assumptions too: then it has been noticed
        return f"a bug of drsim, {type(error).__name__}: {error}"
    if result.passed:
        return None
    return ", ".join([check.name for check in result.checks if not check.passed][:3]) or result.error or "not passed"
