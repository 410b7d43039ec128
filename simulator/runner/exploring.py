"""Looks for faults that break an invariant: many random sets, each with a seed of its own, and what they broke."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simulator.errors import Problem, UserError
from simulator.journal import FaultFired, OperatorActed
from simulator.rng import Chance
from simulator.runner.draws import StreamDraws
from simulator.runner.fault_pack import Pack, last_calls, pack_of, random_faults
from simulator.runner.random_fleets import random_fleet
from simulator.runner.reduction import Data
from simulator.runner.result import Result
from simulator.runner.shrinking import Failure, failures_of
from simulator.scenario.loading import parse
from simulator.scenario.model import Scenario
from simulator.scenario.writing import write_scenario

_HORIZON = "4d"  # every timeout of every wave one after the other, and time for the last calls
_DEFAULT: Data = {
    "scenario": "Explored",
    "fleet": {
        "cleanUpDrill": True,
        "waves": [{"name": "data", "servers": 2}, {"name": "app", "servers": 1, "dependsOn": ["data"]}],
    },
}
_ASSEMBLED = ("extends", "include", "matrix", "run", "thresholds")

Run = Callable[[Scenario, int], Result]


@dataclass(frozen=True, slots=True)
class Ground:
    """What is explored: the scenario that faults are added to, if one is given, and the pack that they are drawn from."""

    data: Data
    path: Path
    pack: Pack
    is_random_fleet: bool


@dataclass(slots=True)
class Finding:
    """A way to fail, the first scenario that failed so, and with how many seeds it was seen."""

    failure: Failure
    scenario: Scenario
    seeds: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Seen:
    """What an exploration has seen so far."""

    runs: int = 0
    fired: set[str] = field(default_factory=set)
    acts: int = 0
    findings: dict[Failure, Finding] = field(default_factory=dict)

    def add(self, scenario: Scenario, result: Result) -> list[Finding]:
        """Take note of a run; the findings that are new with it."""
        self.runs += 1
        self.fired |= {event.fault.rpartition(" ")[0] or event.fault for _, event in result.journal.of(FaultFired)}
        self.acts += sum(1 for _ in result.journal.of(OperatorActed))
        return self._noted(scenario, result.seed, failures_of(result))

    def add_bug(self, scenario: Scenario, seed: int, bug: str) -> list[Finding]:
        """Take note of a run that drsim itself could not finish."""
        self.runs += 1
        return self._noted(scenario, seed, [Failure(f"BUG {bug}", None)])

    def _noted(self, scenario: Scenario, seed: int, failures: Iterable[Failure]) -> list[Finding]:
        new = []
        for failure in failures:
            if failure not in self.findings:
                self.findings[failure] = Finding(failure, scenario)
                new.append(self.findings[failure])
            if seed not in self.findings[failure].seeds:
                self.findings[failure].seeds.append(seed)
        return new


def ground(
    scenario: Scenario | None, folder: Path, run: Run, *, keeps_expectations: bool = False, only: tuple[str, ...] = ()
) -> Ground:
    """Prepare an exploration of a scenario, or of random fleets under the bundled orchestrator.

    Runs it once without added faults. `only` are words of which the kinds of fault must have one. Raises UserError if that
    run fails, or no kind has such a word.
    """
    data: Data = dict(_DEFAULT) if scenario is None else _plain(scenario.data)
    left_out = _ASSEMBLED if keeps_expectations else (*_ASSEMBLED, "expect")
    data = {key: value for key, value in data.items() if key not in left_out}
    path = folder / "explored.yaml" if scenario is None else scenario.path.with_name(f"{scenario.path.stem}.explored.yaml")
    base = parse(write_scenario(data), path)
    result = run(base, 1)
    if failures_of(result):
        names = ", ".join(failure.check for failure in failures_of(result))
        raise UserError([Problem(str(path), f"it fails without any added fault: {names}")])
    can_operate = base.system.operate is not None
    pack = replace(pack_of(result.journal, can_operate=can_operate), only=only)
    if not pack.kinds:
        kinds = ", ".join(replace(pack, only=()).kinds)
        raise UserError([Problem("--only", f"no kind of fault has {' or '.join(only)} in its name", f"there are {kinds}")])
    return Ground(data, path, pack, scenario is None)


def cases(ground: Ground, seeds: Iterable[int]) -> Iterator[Scenario]:
    """A scenario with random faults for each seed; the same for the same seed."""
    for seed in seeds:
        yield parse(write_scenario(_case(ground, seed)), ground.path)


def _case(ground: Ground, seed: int) -> Data:
    draws = StreamDraws(Chance(seed).stream("explore"))
    data = dict(ground.data)
    if ground.is_random_fleet:
        data["fleet"] = random_fleet(draws)
    faults, operators = random_faults(draws, data["fleet"], ground.pack)
    data["faults"] = [*data.get("faults", []), *faults]
    last = last_calls(data["fleet"]) if ground.pack.can_operate else []
    data["operators"] = [*data.get("operators", []), *operators, *last]
    return {key: value for key, value in data.items() if value != []} | {"run": {"seed": seed, "horizon": _HORIZON}}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
