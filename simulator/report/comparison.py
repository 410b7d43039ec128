"""How runs of a scenario on two targets differ, in lines for a reader."""

from collections.abc import Iterator, Sequence

from simulator.report.wording import printable, times
from simulator.runner.comparison import Difference
from simulator.runner.result import Result

MAX_SHOWN = 100  # characters of a value


def comparison_lines(a: Result, b: Result, differences: Sequence[Difference]) -> Iterator[str]:
    """What both came to, and every difference."""
    width = max(len(a.target), len(b.target))
    yield printable(a.name)
    for result in (a, b):
        took = f"  {times(result)}" if times(result) else ""
        yield f"  {result.target:<{width}}  {result.verdict}  {result.outcome or result.error or ''}{took}".rstrip()
    if not differences:
        yield "  the same outcome, output and event history"
        return
    for about in ("outcome", "output", "history"):
        found = [one for one in differences if one.about == about]
        if found:
            yield f"  {about}: {len(found)} difference{'s' if len(found) > 1 else ''}"
            yield from (line for one in found for line in _lines(one, (a.target, b.target), width))


def _lines(difference: Difference, names: tuple[str, str], width: int) -> Iterator[str]:
    times_ = f" ({difference.count} times)" if difference.count > 1 else ""
    yield f"    {printable(difference.where)}{times_}"
    for name, value in zip(names, (difference.a, difference.b), strict=True):
        shown = printable(value)
        yield f"      {name:<{width}}  {shown[:MAX_SHOWN]}{'…' if len(shown) > MAX_SHOWN else ''}"
