"""Coverage in lines for a reader, and as JSON."""

from collections.abc import Iterator, Sequence

from simulator.engine.elements import Kind
from simulator.json_types import JsonObject
from simulator.report.wording import printable
from simulator.runner.coverage import MachineCoverage, share
from simulator.runner.coverage_lines import with_lines


def coverage_of(coverages: Sequence[MachineCoverage]) -> tuple[MachineCoverage, ...]:
    """Coverage made ready for a report: with the lines of what it is of."""
    return tuple(map(with_lines, coverages))


def coverage_lines(coverages: Sequence[MachineCoverage]) -> Iterator[str]:
    """How much was reached of each definition, and all that was not, with its place."""
    if not coverages:
        yield "coverage: no state machine ran"
    for coverage in coverages:
        runs = "1 execution" if coverage.executions == 1 else f"{coverage.executions} executions"
        yield f"coverage of {printable(title(coverage))}, {runs}: {share([coverage])}"
        yield from (f"  {kind:<13}{coverage.of(kind)}" for kind in Kind if coverage.of(kind).total)
        yield from _missed_lines(coverage)


def _missed_lines(coverage: MachineCoverage) -> Iterator[str]:
    missed = list(coverage.missed)
    width = max((len(place) for _, place in missed), default=0)
    for kind in Kind:
        of_kind = [(element, place) for element, place in missed if element.kind is kind]
        if of_kind:
            yield f"  not reached of the {kind}:"
            yield from (f"    {printable(place):<{width}}  {printable(str(element))}" for element, place in of_kind)


def title(coverage: MachineCoverage) -> str:
    """The file of a definition, else its machine's name."""
    return coverage.source or coverage.name


def coverage_json(coverage: MachineCoverage) -> JsonObject:
    """The coverage of one definition as JSON: counts by kind, and every element with how often it was reached."""
    lines = coverage.lines or (None,) * len(coverage.counts)
    rows = zip(coverage.elements, coverage.counts, lines, strict=True)
    return {
        "machine": coverage.name,
        "source": coverage.source or None,
        "executions": coverage.executions,
        "percent": share([coverage]).percent,
        **{str(kind): _share_json(coverage, kind) for kind in Kind},
        "elements": [
            {
                "kind": str(element.kind),
                "name": str(element),
                "state": element.state,
                "index": element.index,
                "target": element.target,
                "count": count,
                "line": line,
            }
            for element, count, line in rows
        ],
    }


def _share_json(coverage: MachineCoverage, kind: Kind) -> JsonObject:
    found = coverage.of(kind)
    return {"reached": found.reached, "total": found.total, "percent": found.percent}
