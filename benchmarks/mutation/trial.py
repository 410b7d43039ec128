"""Runs scenarios against a mutant, in a process of its own that may hang or crash."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.mutation.mutants import Mutant
from simulator.errors import DrsimError
from simulator.runner.run import run_scenario
from simulator.scenario.model import Scenario

SECONDS_A_SCENARIO = 60


def killed_by(mutant: Mutant, scenarios: Sequence[Scenario], order: Sequence[int], root: Path) -> str | None:
    """What noticed the mutant: the first scenario, in this order, that no longer passes; None if all of them still do."""
    file = root / mutant.file
    whole = file.read_text("utf-8")
    file.write_text(mutant.broken(), "utf-8")
    try:
        return _in_a_child(scenarios, order)
    finally:
        file.write_text(whole, "utf-8")


def _in_a_child(scenarios: Sequence[Scenario], order: Sequence[int]) -> str | None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.write(writing, (_first_to_notice(scenarios, order, writing) or "").encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return said or (None if status == 0 else f"the process ended with {status}")


def _first_to_notice(scenarios: Sequence[Scenario], order: Sequence[int], writing: int) -> str | None:
    def give_up(*_: object) -> None:
        os.write(writing, f"{scenario.path}: no end after {SECONDS_A_SCENARIO} s".encode())
        os._exit(0)

    sys.dont_write_bytecode = True
    signal.signal(signal.SIGALRM, give_up)
    for number in order:
        scenario = scenarios[number]
        signal.alarm(SECONDS_A_SCENARIO)
        try:
            result = run_scenario(scenario)
        except DrsimError as error:
            return f"{scenario.path}: {str(error)[:200]}"
        except Exception as error:
            return f"{scenario.path}: a bug of drsim, {type(error).__name__}: {error}"[:300]
        if not result.passed:
            failed = [check.name for check in result.checks if not check.passed]
            return f"{scenario.path}: {', '.join(failed[:3]) or result.error}"[:300]
    return None
