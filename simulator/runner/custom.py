"""Checks in Python: `check: checks.py:my_check` in a scenario calls `my_check(run)` with the run's Facts.

It passes if it returns None or True. It fails with the text that it returns or that its AssertionError has, or on False. Any
other exception is a mistake in the check, and told as one.
"""

import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulator.errors import Problem, ScenarioError
from simulator.runner.facts import Facts
from simulator.runner.observations import judged
from simulator.runner.result import Check
from simulator.scenario.system import Code


def check_in_python(code: Code, facts: Facts) -> Check:
    """What a function says to a run. Raises ScenarioError where the function cannot be used."""
    path, name = code.file, code.function
    function = _function(path, name)
    title, expected = f"check {path.name}:{name}", f"{name} of {path.name} has nothing to object"
    try:
        with _importing_from(path.parent):
            said = function(facts)
    except AssertionError as error:
        return judged(facts, False, title, expected, str(error) or f"an assertion in it failed: {_line(error, path)[1]}")
    except Exception as error:
        number, _ = _line(error, path)
        message = f"the check {name} raised {type(error).__name__}: {error}"
        raise ScenarioError([Problem(f"{path}:{number}" if number else str(path), message)]) from error
    if said is None or said is True:
        return judged(facts, True, title, expected, "it has nothing to object")
    if said is False or isinstance(said, str):
        return judged(facts, False, title, expected, said or "it said False")
    message = f"the check {name} returned {said!r}: expected None, a boolean or a text that says what is wrong"
    raise ScenarioError([Problem(str(path), message)])


def _function(path: Path, name: str) -> Callable[[Facts], Any]:
    try:
        with _importing_from(path.parent):
            specification = importlib.util.spec_from_file_location(f"drsim_check_{path.stem}", path)
            assert specification is not None
            assert specification.loader is not None
            module = importlib.util.module_from_spec(specification)
            specification.loader.exec_module(module)
    except Exception as error:
        number = getattr(error, "lineno", None) or _line(error, path)[0]
        message = f"the check cannot be imported: {type(error).__name__}: {error}"
        raise ScenarioError([Problem(f"{path}:{number}" if number else str(path), message)]) from error
    function = getattr(module, name, None)
    if not callable(function):
        raise ScenarioError([Problem(str(path), f"there is no function {name!r} in this file")])
    found: Callable[[Facts], Any] = function
    return found


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Let the check import what lies beside it."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _line(error: BaseException, path: Path) -> tuple[int | None, str]:
    """The last line of the file that an exception went through, and what stands there."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return (frames[-1].lineno, frames[-1].line or "") if frames else (None, "")
