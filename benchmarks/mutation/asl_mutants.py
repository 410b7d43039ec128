"""Breakages of a state machine: a Retry or Catch dropped, a Next swapped, a Choice inverted, an interval changed."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.mutation.mutants import Mutant

Change = tuple[str, str, Callable[[dict[str, Any]], None]]
_INTERVALS = ("IntervalSeconds", "Seconds", "TimeoutSeconds", "HeartbeatSeconds")


def asl_mutants(root: Path, file: Path) -> Iterator[Mutant]:
    """Every mutant of a state machine of the production side in `root`."""
    definition = json.loads(file.read_text("utf-8"))
    name = file.relative_to(root).as_posix()
    for path, siblings in _states(definition, ()):
        for kind, change, apply in _changes(_at(definition, path), siblings):
            broken = partial(_broken, definition, path, apply)
            yield Mutant(name, 0, str(path[-1]), kind, f"{path[-1]}: {change}", broken)


def _broken(definition: dict[str, Any], path: tuple[Any, ...], apply: Callable[[dict[str, Any]], None]) -> str:
    copy = deepcopy(definition)
    apply(_at(copy, path))
    return json.dumps(copy, indent=2)


def _states(workflow: dict[str, Any], path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], list[str]]]:
    """(path, names of the same workflow) of every state, those inside of Map and Parallel too."""
    names = list(workflow["States"])
    for name, state in workflow["States"].items():
        here = (*path, "States", name)
        yield here, names
        for key in ("ItemProcessor", "Iterator"):
            if key in state:
                yield from _states(state[key], (*here, key))
        for number, branch in enumerate(state.get("Branches", [])):
            yield from _states(branch, (*here, "Branches", number))


def _at(document: Any, path: tuple[Any, ...]) -> dict[str, Any]:
    for part in path:
        document = document[part]
    found: dict[str, Any] = document
    return found


def _changes(state: dict[str, Any], names: list[str]) -> Iterator[Change]:
    yield from _dropped(state, "Retry")
    yield from _dropped(state, "Catch")
    yield from _intervals(state)
    if "Next" in state:
        yield _swapped(state["Next"], names, ())
    for number, rule in enumerate(state.get("Choices", [])):
        yield "choice inverted", f"Choices[{number}] inverted", lambda one, number=number: _invert(one["Choices"], number)
        yield _swapped(rule["Next"], names, ("Choices", number))


def _dropped(state: dict[str, Any], key: str) -> Iterator[Change]:
    for number, rule in enumerate(state.get(key, [])):
        errors = ", ".join(rule["ErrorEquals"])
        yield f"{key} dropped", f"{key}[{number}] ({errors}) dropped", lambda one, number=number: one[key].pop(number)


def _intervals(state: dict[str, Any]) -> Iterator[Change]:
    for key in _INTERVALS:
        if isinstance(state.get(key), int):
            yield "interval changed", f"{key} times ten", lambda one, key=key: one.update({key: one[key] * 10})
    for number, rule in enumerate(state.get("Retry", [])):
        where = f"Retry[{number}] ({', '.join(rule['ErrorEquals'])})"
        yield (
            "interval changed",
            f"{where} waits ten times as long",
            lambda one, number=number: _stretch(one["Retry"][number]),
        )
        yield "one attempt less", f"{where} tries once less", lambda one, number=number: _curb(one["Retry"][number])


def _stretch(rule: dict[str, Any]) -> None:
    rule["IntervalSeconds"] = rule.get("IntervalSeconds", 1) * 10
    rule.pop("MaxDelaySeconds", None)


def _curb(rule: dict[str, Any]) -> None:
    rule["MaxAttempts"] = max(0, rule.get("MaxAttempts", 3) - 1)


def _swapped(target: str, names: list[str], path: tuple[Any, ...]) -> Change:
    other = names[(names.index(target) + 1) % len(names)]
    where = f"{path[0]}[{path[1]}] " if path else ""
    return "Next swapped", f"{where}Next is {other}, not {target}", lambda one: _at(one, path).update({"Next": other})


def _invert(choices: list[dict[str, Any]], number: int) -> None:
    rule = choices[number]
    condition = {key: value for key, value in rule.items() if key not in ("Next", "Assign", "Comment")}
    choices[number] = {"Not": condition, "Next": rule["Next"]}
