"""Reduces a failing scenario to a small one that fails in the same way."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from simulator.errors import Problem, UserError
from simulator.runner import reduction
from simulator.runner.reduction import Data
from simulator.runner.result import Check, Result, Verdict
from simulator.scenario.loading import parse
from simulator.scenario.model import Scenario
from simulator.scenario.writing import write_scenario

MAX_RUNS = 300
_INVARIANT = "invariant: "
# What has done its part once the data is put together.
_ASSEMBLED = ("extends", "include", "matrix")

Run = Callable[[Scenario, int], Result]


@dataclass(frozen=True, slots=True)
class Failure:
    """The way in which a run fails: the check (or `ERROR`), and how the recovery ended where that belongs to it."""

    check: str
    outcome: str | None
    said: Check | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest scenario found. `is_smallest` is False if the bound on runs was reached before nothing more could go."""

    text: str
    failure: Failure
    runs: int
    is_smallest: bool


def failures_of(result: Result) -> list[Failure]:
    """Each way in which a run failed. An invariant is the same one however the recovery ended."""
    if result.verdict is Verdict.ERROR:
        return [Failure(f"ERROR {(result.error or '').partition(':')[0]}", None)]
    return [
        Failure(check.name, None if check.name.startswith(_INVARIANT) else result.outcome, check)
        for check in result.checks
        if not check.passed
    ]


def shrink(scenario: Scenario, seed: int, run: Run, target: Path, *, words: str = "", max_runs: int = MAX_RUNS) -> Shrunk:
    """Shrink what fails with a seed, running at most about `max_runs` times; the result is to be written to `target`.

    `words` choose among several failed checks; else it is the first. Raises UserError if nothing fails, or if what fails
    here does not fail as the file `target`.
    """
    data: Data = {key: value for key, value in _plain(scenario.data).items() if key not in _ASSEMBLED}
    data = _seeded(data, seed)
    attempt = _Attempt(scenario.path, run, max_runs)
    result = run(scenario, seed)
    failures = [failure for failure in failures_of(result) if words.lower() in failure.check.lower()]
    if not failures:
        found = f"no failed check has {words!r} in its name" if failures_of(result) else f"it is {result.verdict}"
        raise UserError([Problem(str(scenario.path), f"there is nothing to shrink: with seed {seed} {found}")])
    failure = failures[0]
    attempt.failure = failure
    smallest = _smallest(data, attempt)
    return _written(smallest, attempt, target, scenario, seed)


@dataclass
class _Attempt:
    """Tries candidates: whether each still fails in the same way, never the same one twice."""

    path: Path
    run: Run
    max_runs: int
    failure: Failure | None = None
    runs: int = 0
    tried: dict[str, bool] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.runs >= self.max_runs

    def fails(self, data: Data) -> bool:
        text = write_scenario(data)
        if text not in self.tried:
            self.tried[text] = not self.is_over and self.failing(text, self.path) is not None
        return self.tried[text]

    def failing(self, text: str, path: Path) -> Failure | None:
        """How a text, as the file `path`, fails in the same way; None if it does not. Tried even if it was before."""
        try:
            scenario = parse(text, path)
            self.runs += 1
            found = failures_of(self.run(scenario, scenario.run.seed))
        except UserError:
            return None
        return next((failure for failure in found if failure == self.failure), None)


def _smallest(data: Data, attempt: _Attempt) -> Data:
    before: Data | None = None
    while data != before and not attempt.is_over:
        before = data
        for key in ("faults", "operators", "requests", "abortIf"):
            data = _fewer_in(data, key, attempt)
        data = _fewer(data, reduction.waves_of(data), partial(reduction.with_waves, data), attempt, least=1)
        for wave in range(len(reduction.waves_of(data))):
            data = _fewer_servers(data, wave, attempt)
        data = _smaller_by(data, reduction.removals(data), attempt)
        data = _smaller_by(data, reduction.lessenings(data), attempt)
    return data


def _fewer_in(data: Data, key: str, attempt: _Attempt) -> Data:
    items = data.get(key)
    if not isinstance(items, list):
        return data
    pinned = [item for item in items if reduction.is_last_call(item)]
    others = [item for item in items if not reduction.is_last_call(item)]
    return _fewer(data, others, lambda kept: reduction.keeping(data, (key,), [*kept, *pinned]), attempt)


def _fewer(
    data: Data, items: Sequence[Any], keeping: Callable[[list[Any]], Data], attempt: _Attempt, least: int = 0
) -> Data:
    """The data with as few items as still fail: first without halves, then without quarters, down to single ones."""
    kept, chunk = list(items), max(1, len(items))
    while chunk and len(kept) > least:
        position = 0
        while position < len(kept):
            rest = kept[:position] + kept[position + chunk :]
            if len(rest) >= least and attempt.fails(candidate := keeping(rest)):
                kept, data = rest, candidate
            else:
                position += chunk
        chunk //= 2
    return data


def _fewer_servers(data: Data, wave: int, attempt: _Attempt) -> Data:
    servers = reduction.waves_of(data)[wave]["servers"]
    if isinstance(servers, list):
        return _fewer(data, servers, lambda kept: reduction.with_servers(data, wave, kept), attempt, least=1)
    least, most = 1, servers
    while least < most:  # the smallest count that fails, as long as more servers do not stop it from failing
        middle = (least + most) // 2
        if attempt.fails(candidate := reduction.with_servers(data, wave, middle)):
            most, data = middle, candidate
        else:
            least = middle + 1
    return data


def _smaller_by(data: Data, changes: Iterable[Callable[[Data], Data]], attempt: _Attempt) -> Data:
    """The data with every one of the changes, in order, with which it still fails."""
    for change in changes:
        candidate = change(data)
        if candidate is not data and attempt.fails(candidate):
            data = candidate
    return data


def _written(data: Data, attempt: _Attempt, target: Path, scenario: Scenario, seed: int) -> Shrunk:
    """The data as a file's text, tried as the file that it will be."""
    is_smallest = not attempt.is_over
    # The file's name makes the plan's, and with it what identifiers are drawn.
    for tried in (data, {"scenario": data["scenario"], "id": scenario.key, **data}):
        failure = attempt.failing(write_scenario(tried), target)
        if failure is not None:
            text = write_scenario(tried, _comments(failure, seed, scenario))
            return Shrunk(text, failure, attempt.runs, is_smallest)
    hint = f"write it into {scenario.path.parent}, from which the files that it names can be found"
    raise UserError([Problem(str(target), "the shrunk scenario does not fail as this file", hint)])


def _comments(failure: Failure, seed: int, scenario: Scenario) -> tuple[str, ...]:
    said = failure.said
    lines = [f"Shrunk from {scenario.path.as_posix()} with seed {seed}. It fails: {failure.check}"]
    if said is not None:
        lines += [f"expected: {said.expected}", f"happened: {said.happened}"]
    return tuple(" ".join(line.split())[:150] for line in lines)


def _seeded(data: Data, seed: int) -> Data:
    """The data with that seed and no other."""
    run = {key: value for key, value in data.get("run", {}).items() if key not in ("seed", "seeds")}
    if seed != 1:
        run["seed"] = seed
    rest = {key: value for key, value in data.items() if key not in ("run", "thresholds")}
    return rest | ({"run": run} if run else {})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
