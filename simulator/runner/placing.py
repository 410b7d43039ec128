"""Tells of each broken check when it broke, in which state and wave, and what came before."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from simulator.journal import ApiCall, Journal
from simulator.runner.places import Place, Places
from simulator.runner.result import Check
from simulator.runner.wording import last_before


def placed(checks: Sequence[Check], journal: Journal) -> tuple[Check, ...]:
    """The checks of a run; the broken ones with all that its journal tells. What has no instant is told of the run's end."""
    if all(check.passed for check in checks) or not len(journal):
        return tuple(checks)
    places = Places(journal)
    return tuple(check if check.passed else _placed(check, journal, places) for check in checks)


def _placed(check: Check, journal: Journal, places: Places) -> Check:
    at_ms = journal[-1].at_ms if check.at_ms is None else check.at_ms
    before = check.before or last_before(journal, at_ms)
    where = _where(check.where, list(_until(at_ms, journal, places)))
    return replace(check, at_ms=at_ms, where=where, before=tuple(map(places.named, before)))


def _until(at_ms: int, journal: Journal, places: Places) -> Iterator[Place]:
    """The places of calls that began at an instant, then of what happened up to it, the last one first."""
    for entry in journal:
        if isinstance(entry.event, ApiCall) and entry.event.started_ms == at_ms != entry.at_ms:
            yield places[entry.index]
    yield from (places[entry.index] for entry in reversed(list(journal)) if entry.at_ms <= at_ms)


def _where(known: str | None, before: Sequence[Place]) -> str | None:
    """Where a check broke: what it says of it itself, and the state or wave that this leaves open."""
    kind, _, name = (known or "").partition(" ")
    if kind == "state":
        return _shown(next((place for place in before if place.state == name), Place(name, None)))
    if kind == "wave" and ":" not in name:
        return _shown(next((place for place in before if place.wave == name and place.state), Place(None, name)))
    found = next((place for place in before if place.state), None)
    if found is None:
        return known
    return _shown(found) if known is None else f"{_shown(found)}; {known}"


def _shown(place: Place) -> str:
    if place.state is None:
        return f"wave {place.wave}"
    return f"state {place.state}" + (f" of wave {place.wave}" if place.wave else "")
