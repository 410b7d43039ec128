"""How two journals differ, in lines for a reader."""

from collections.abc import Iterator, Sequence

from simulator.report.wording import printable, whole_seconds
from simulator.runner.divergence import Divergence, Moment, Shift
from simulator.runner.wording import clock_time

MANY = 8  # events of one kind of difference that are shown


def difference_lines(divergence: Divergence, names: tuple[str, str] = ("A", "B")) -> Iterator[str]:
    """The first difference, and what follows from it. `names` are what the two journals are called."""
    parting, width = divergence.parting, max(map(len, names))
    if parting is None:
        yield "no event differs"
        return
    first = parting.a or parting.b
    if first is not None:
        where = f" {first.place}" if str(first.place) else ""
        yield f"first difference: event {first.index}, at {clock_time(first.at_ms)}{where}"
    for name, moment in zip(names, parting, strict=True):
        yield f"  {name:<{width}}  {_moment(moment)}"
    yield from _missing(f"only in {names[0]}", divergence.only_a)
    yield from _missing(f"only in {names[1]}", divergence.only_b)
    if divergence.shifts:
        yield f"at another time in {names[1]}"
        yield from (f"  {_shift(shift)}" for shift in divergence.shifts)
    if divergence.calls:
        yield f"calls, in {names[0]} and in {names[1]}"
        yield from (f"  {operation}  {before} and {after}" for operation, before, after in divergence.calls)
    if divergence.ends[0] != divergence.ends[1]:
        yield f"the end: {divergence.ends[0]} and {divergence.ends[1]}"


def _moment(moment: Moment | None) -> str:
    return "has ended" if moment is None else f"{clock_time(moment.at_ms)}  {printable(moment.text)}"


def _missing(title: str, moments: Sequence[Moment]) -> Iterator[str]:
    if not moments:
        return
    yield f"{title}: {len(moments)}"
    alike: dict[tuple[str, str | None], list[Moment]] = {}
    for moment in moments:
        alike.setdefault((moment.text, moment.place.wave), []).append(moment)
    for (text, wave), found in list(alike.items())[:MANY]:
        more = ", ".join([f"wave {wave}"] * bool(wave) + [f"{len(found)} times"] * (len(found) > 1))
        yield f"  {whole_seconds(found[0].at_ms):>8}  {printable(text[:160])}" + (f" ({more})" if more else "")
    if len(alike) > MANY:
        yield f"            and {len(alike) - MANY} more, the last at {whole_seconds(moments[-1].at_ms)}"


def _shift(shift: Shift) -> str:
    whose = f"wave {shift.wave}" if shift.wave else "the rest"
    events = "1 event" if shift.events == 1 else f"{shift.events} events"
    if shift.least_ms < 0 < shift.most_ms:
        return f"{whose}: {events}, from {clock_time(-shift.least_ms)} earlier to {clock_time(shift.most_ms)} later"
    word = "later" if shift.most_ms > 0 else "earlier"
    least, most = sorted((abs(shift.least_ms), abs(shift.most_ms)))
    return f"{whose}: {events}, {clock_time(least)}{'' if least == most else f' to {clock_time(most)}'} {word}"
