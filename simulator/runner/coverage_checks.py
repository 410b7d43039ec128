"""What a scenario expects to be reached of its state machines, over all its seeds."""

from collections.abc import Iterator, Sequence

from simulator.engine.elements import Kind
from simulator.runner.coverage import MachineCoverage, share
from simulator.runner.coverage_lines import with_lines
from simulator.runner.result import Check
from simulator.scenario.expect import Coverage

MAX_NAMED = 8


def check_coverage(wanted: Coverage | None, coverages: Sequence[MachineCoverage]) -> Iterator[Check]:
    """A check for each kind of element of which something is expected."""
    for kind in Kind if wanted is not None else ():
        percent = getattr(wanted, kind)
        if percent is not None:
            yield _check(kind, percent, coverages)


def _check(kind: Kind, percent: float, coverages: Sequence[MachineCoverage]) -> Check:
    reached = share(coverages, kind)
    name, expected = f"coverage of {kind} {percent:g}%", f"at least {percent:g}% of the {kind} are reached"
    if not coverages:
        return Check(name, False, expected, "no state machine ran")
    if not reached.total:
        return Check(name, True, expected, f"there are no {kind}", idle=f"there are no {kind}, so that nothing was checked")
    if reached.percent >= percent:
        return Check(name, True, expected, f"{reached} were reached")
    missed = [
        f"{element} at {place}"
        for coverage in map(with_lines, coverages)
        for element, place in coverage.missed
        if element.kind is kind
    ]
    more = f"; and {len(missed) - MAX_NAMED} more" if len(missed) > MAX_NAMED else ""
    return Check(name, False, expected, f"{reached} were reached; not reached: {'; '.join(missed[:MAX_NAMED])}{more}")
