"""The journal of a run on an engine of somebody else's, in the order in which things happened.

What an engine does is noticed a little later. While the run goes on that order has to do; afterwards everything is put where
it belongs.
"""

from collections.abc import Mapping

from simulator.journal import Journal


def retold(journal: Journal, instants: Mapping[int, int]) -> Journal:
    """The same events, those with an instant in `instants` (by their number) moved back to it; first and last stay."""
    last = len(journal) - 1
    placed = sorted(
        (entry.at_ms if entry.index in (0, last) else min(entry.at_ms, instants.get(entry.index, entry.at_ms)), entry.index)
        for entry in journal
    )
    order = [index for _, index in placed if index != last]
    at_ms = dict(zip((index for _, index in placed), (at for at, _ in placed), strict=True))
    now_ms = 0
    told = Journal(lambda: now_ms)
    for index in [*order, *([last] if last >= 0 else [])]:
        now_ms = at_ms[index]
        told.record(journal[index].event)
    return told
