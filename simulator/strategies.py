"""Hypothesis strategies of recoveries that nobody thought of: fleets, plans, sets of faults, and scenarios with all of them.

They draw what `drsim explore` draws, and shrink as Hypothesis shrinks: to few waves, servers and faults. Everything is plain
data with a scenario file's keys, for `simulator.parse`. Needs `hypothesis` (`pip install drsim[hypothesis]`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st

from simulator.journal import Journal
from simulator.runner.draws import Draws
from simulator.runner.fault_pack import Pack, last_calls, pack_of, random_faults
from simulator.runner.random_fleets import random_fleet
from simulator.runner.reduction import Data
from simulator.runner.run import run_scenario
from simulator.scenario.loading import parse
from simulator.scenario.model import Scenario
from simulator.scenario.plan import plan_document
from simulator.scenario.writing import write_scenario

T = TypeVar("T")
_FINE = 100  # steps of a probability
_PROBE: Data = {"waves": [{"name": "data", "servers": 1}, {"name": "app", "servers": 1, "dependsOn": ["data"]}]}


def fleets(*, max_waves: int = 4, max_servers: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """`fleet:` of scenarios: waves in any graph without circles, with any policy of the bundled orchestrator's.

    `max_waves` is at most 6, `max_servers` of each wave.
    """
    return _drawn(lambda draws: random_fleet(draws, max_waves, max_servers))


def plans(*, max_waves: int = 4, max_servers: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """Plan documents of the bundled orchestrator's, for such fleets. They name servers by name: `data-1`, `data-2`, ..."""
    return fleets(max_waves=max_waves, max_servers=max_servers).map(_plan)


def fault_sets(
    fleet: Mapping[str, Any], *, journal: Journal | None = None, only: Sequence[str] = (), most: int = 4
) -> st.SearchStrategy[dict[str, list[dict[str, Any]]]]:
    """`faults:` and `operators:` for a fleet, at least one of either and at most `most` draws of them.

    `journal` is that of a run of your own system without faults: what it called is what may fail (default: what the bundled
    orchestrator calls). `only` are words of which a kind of fault must have one in its name, as for `drsim explore --only`.
    """
    pack = replace(_bundled_pack() if journal is None else pack_of(journal), only=tuple(only))
    if not pack.kinds:
        raise ValueError(f"no kind of fault has {' or '.join(only)} in its name")
    return _drawn(lambda draws: _faults(draws, dict(fleet), pack, most))


def scenarios(
    base: Mapping[str, Any] | None = None, *, journal: Journal | None = None, only: Sequence[str] = (), most: int = 4
) -> st.SearchStrategy[Scenario]:
    """Scenarios with random faults: on a `base` (a scenario's keys), or on random fleets of the bundled orchestrator.

    Faults and operators come after those of the base; `journal`, `only` and `most` are as for `fault_sets`. Long after
    everything, operators of the bundled orchestrator resume what is still held and go on without waves that wait for a
    decision, so that what does not end then never does. Give it a horizon of four days.
    """
    given = {"scenario": "Random faults"} | dict(base or {})
    bases = st.just(given) if "fleet" in given else fleets().map(lambda fleet: given | {"fleet": fleet})
    return bases.flatmap(
        lambda data: fault_sets(data["fleet"], journal=journal, only=only, most=most).map(
            lambda drawn: _scenario(data, drawn)
        )
    )


@dataclass(frozen=True, slots=True)
class _HypothesisDraws:
    """Choices by Hypothesis. What happens with some probability shrinks to not happening."""

    draw: st.DrawFn

    def whole(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))

    def one_of(self, items: Sequence[T]) -> T:
        return self.draw(st.sampled_from(items))

    def happens(self, probability: float) -> bool:
        return self.draw(st.integers(0, _FINE - 1)) >= _FINE * (1 - probability)


@st.composite
def _drawn(draw: st.DrawFn, choose: Callable[[Draws], T]) -> T:
    return choose(_HypothesisDraws(draw))


def _faults(draws: Draws, fleet: Data, pack: Pack, most: int) -> dict[str, list[Data]]:
    faults, operators = random_faults(draws, fleet, pack, most)
    return {"faults": faults, "operators": operators}


def _scenario(data: Data, drawn: Mapping[str, list[Data]]) -> Scenario:
    faults = [*data.get("faults", []), *drawn["faults"]]
    last = [] if "system" in data else last_calls(data["fleet"])
    operators = [*data.get("operators", []), *drawn["operators"], *last]
    return parse(write_scenario(data | {"faults": faults, "operators": operators}), Path("drawn.yaml"))


def _plan(fleet: Data) -> dict[str, Any]:
    scenario = parse(write_scenario({"scenario": "Drawn", "fleet": fleet}), Path("drawn.yaml"))
    names = {server: server for wave in scenario.fleet.waves for server in wave.server_names}
    return dict(plan_document(scenario, names))


@cache
def _bundled_pack() -> Pack:
    probe = parse(
        write_scenario({"scenario": "What is called", "fleet": _PROBE | {"cleanUpDrill": True}}), Path("drawn.yaml")
    )
    return pack_of(run_scenario(probe).journal)
