"""The steady-state hypothesis and the conditions that end a run early, as checks."""

from collections.abc import Iterator, Sequence

from simulator.journal import Probed, RunAborted
from simulator.json_types import JsonValue
from simulator.runner.facts import Facts
from simulator.runner.observations import judged
from simulator.runner.result import Check
from simulator.scenario.probes import Probe


def check_steady_state(probes: Sequence[Probe], facts: Facts) -> list[Check]:
    """Every probe's answer is within its tolerance, before the recovery and, if there was one, after it."""
    wanted = {probe.probe: probe for probe in probes}
    return [
        _check(wanted[probed.probe], probed, facts, at_ms)
        for at_ms, probed in facts.journal.of(Probed)
        if probed.probe in wanted
    ]


def _check(probe: Probe, probed: Probed, facts: Facts, at_ms: int) -> Check:
    name = f"steady state {probed.when}: {probe.probe}"
    expected = f"{probe.probe} is {_shown(probe.tolerance)} {probed.when} the recovery"
    return judged(facts, probe.holds(probed.value), name, expected, f"it was {_shown(probed.value)}", at_ms)


def check_not_aborted(facts: Facts) -> Iterator[Check]:
    """No condition came true under which the run is to be given up."""
    for at_ms, aborted in facts.journal.of(RunAborted):
        name = f"abort condition: {aborted.condition}"
        yield judged(facts, False, name, f"never: {aborted.condition}", "it came true, and the run was given up", at_ms)


def _shown(value: JsonValue) -> str:
    return "nothing" if value is None else value if isinstance(value, str) else str(value)[:200]
