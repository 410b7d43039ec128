"""Smaller versions of a scenario's data: without some of its parts, with shorter times and lower numbers.

A part that is left out takes along what names it: the faults of a server, the decisions on a wave, the expectations of both.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from simulator.scenario.durations import format_duration, parse_duration_ms
from simulator.scenario.names import counted_names

Data = dict[str, Any]
Location = tuple[str | int, ...]

# What a scenario cannot be without; what is under test is as it is, or goes as a whole, where the folder's defaults have it.
_FIXED = frozenset({"scenario", "fleet"})
# A shorter horizon would be another reason to give a run up.
_HORIZON: Location = ("run", "horizon")
LAST_CALL = "last call"
_UNITS_MS = (86_400_000, 3_600_000, 60_000, 1_000)


def at(data: Any, location: Location) -> Any:
    """What stands at a location."""
    for part in location:
        data = data[part]
    return data


def replaced(data: Any, location: Location, value: Any) -> Any:
    """The data with another value at a location."""
    if not location:
        return value
    first, *rest = location
    if isinstance(data, list):
        return [replaced(item, tuple(rest), value) if index == first else item for index, item in enumerate(data)]
    return {key: replaced(member, tuple(rest), value) if key == first else member for key, member in data.items()}


def removed(data: Any, location: Location) -> Any:
    """The data without a key."""
    parent = at(data, location[:-1])
    return replaced(data, location[:-1], {key: value for key, value in parent.items() if key != location[-1]})


def keeping(data: Data, location: Location, kept: Sequence[Any]) -> Data:
    """The data with only some items of a list; a list that gets empty goes, too."""
    changed: Data = replaced(data, location, list(kept)) if kept else removed(data, location)
    return changed


def waves_of(data: Data) -> list[Data]:
    """The waves of the fleet."""
    waves: list[Data] = data["fleet"]["waves"]
    return waves


def servers_of(wave: Data) -> list[str]:
    """The names of a wave's servers."""
    servers = wave["servers"]
    return counted_names(wave["name"], servers) if isinstance(servers, int) else list(servers)


def with_waves(data: Data, kept: Sequence[Data]) -> Data:
    """The data with only some of its waves; those after a wave that goes depend on what that one depended on."""
    names = {wave["name"] for wave in kept}
    before = {wave["name"]: list(wave.get("dependsOn", [])) for wave in waves_of(data)}
    servers = [server for wave in waves_of(data) if wave["name"] not in names for server in servers_of(wave)]
    slim = [_depending(wave, list(_kept_before(wave["name"], before, names))) for wave in kept]
    changed = replaced(data, ("fleet", "waves"), slim)
    gone = [wave["name"] for wave in waves_of(data) if wave["name"] not in names]
    return _forgetting(changed, servers, gone)


def with_servers(data: Data, wave: int, kept: Sequence[str] | int) -> Data:
    """The data with only some of a wave's servers: their names, or how many."""
    before = servers_of(waves_of(data)[wave])
    changed: Data = replaced(data, ("fleet", "waves", wave, "servers"), kept)
    left = servers_of(waves_of(changed)[wave])
    return _forgetting(changed, [server for server in before if server not in left], [])


def removals(data: Data) -> Iterator[Callable[[Data], Data]]:
    """Ways to make the data smaller: without one of its keys, the outermost first. Each takes data that may have changed."""
    for location in _keys(data, ()):
        if not _is_pinned(data, location):
            yield partial(_without, location)


def lessenings(data: Data) -> Iterator[Callable[[Data], Data]]:
    """Ways to make the data smaller: one of its times shorter or rounder, one of its numbers lower."""
    for location, value in _leaves(data, ()):
        for smaller in () if _is_pinned(data, location) else _smaller(value):
            yield partial(_with, location, value, smaller)


def _without(location: Location, data: Data) -> Data:
    return removed(data, location) if _has(data, location) else data


def _with(location: Location, before: Any, value: Any, data: Data) -> Data:
    return replaced(data, location, value) if _has(data, location) and at(data, location) == before else data


def is_last_call(item: Any) -> bool:
    """Whether an operator acts only so that nothing is held back in the end; what goes on all the same is a failure."""
    return isinstance(item, Mapping) and item.get("reason") == LAST_CALL


def _is_pinned(data: Data, location: Location) -> bool:
    """Whether what stands there is part of what makes the failure one."""
    if location[0] == "operators":
        return any(is_last_call(item) for item in ([at(data, location[:2])] if len(location) > 1 else data["operators"]))
    return location == _HORIZON or (location == ("run",) and "horizon" in data["run"])


def _has(data: Any, location: Location) -> bool:
    try:
        at(data, location)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _depending(wave: Data, depends_on: list[str]) -> Data:
    rest = {key: value for key, value in wave.items() if key != "dependsOn"}
    return rest | ({"dependsOn": depends_on} if depends_on else {})


def _kept_before(name: str, before: Mapping[str, Sequence[str]], kept: Iterable[str]) -> dict[str, None]:
    """The nearest kept waves before one, in order; bounded, as waves may depend on each other in a circle."""
    found: dict[str, None] = {}
    seen, waiting = {name}, list(before.get(name, []))
    while waiting:
        one = waiting.pop(0)
        if one in kept:
            found[one] = None
        elif one not in seen:
            waiting += before.get(one, [])
        seen.add(one)
    return found


def _forgetting(data: Data, servers: Sequence[str], waves: Sequence[str]) -> Data:
    """The data without what names one of these servers or waves; `fleet.waves` has been seen to."""
    names = {*servers, *waves}
    words = re.compile("|".join(rf"\bwave {re.escape(wave)}(?!\S)" for wave in waves)) if waves else None

    def is_about(value: Any) -> bool:
        if isinstance(value, str):
            return value in names or bool(words and words.search(value))
        members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return any(is_about(member) for member in members)

    changed: Data = {}
    for key, value in data.items():
        if key in ("faults", "operators", "requests", "abortIf", "expect"):
            value = _pruned(value, is_about, names, is_list_of_wholes=key in ("faults", "operators", "requests"))  # noqa: PLW2901
        if value not in ([], {}):
            changed[key] = value
    return changed | {"fleet": _pruned_fleet(data["fleet"], names)}


def _pruned_fleet(fleet: Data, names: set[str]) -> Data:
    waves = [
        {key: _listed(value, names) for key, value in wave.items() if _listed(value, names) != []} for wave in fleet["waves"]
    ]
    return fleet | {"waves": waves}


def _listed(value: Any, names: set[str]) -> Any:
    return [item for item in value if not (isinstance(item, str) and item in names)] if isinstance(value, list) else value


def _pruned(value: Any, is_about: Callable[[Any], bool], names: set[str], *, is_list_of_wholes: bool) -> Any:
    if isinstance(value, list):
        return [item for item in value if not is_about(item)]
    if isinstance(value, dict) and not is_list_of_wholes:
        pruned = {
            key: _pruned(member, is_about, names, is_list_of_wholes=False)
            for key, member in value.items()
            if key not in names
        }
        return {key: member for key, member in pruned.items() if member not in ([], {}) and not _is_text(member, is_about)}
    return value


def _is_text(value: Any, is_about: Callable[[Any], bool]) -> bool:
    return isinstance(value, str) and is_about(value)


def _keys(data: Any, location: Location) -> Iterator[Location]:
    """Every key below a location, outer ones before inner ones; nothing of what is under test."""
    if isinstance(data, dict):
        keys = [key for key in data if location or key not in _FIXED]
        yield from ((*location, key) for key in keys)
        for key in data:
            if location or key != "system":
                yield from _keys(data[key], (*location, key))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from _keys(item, (*location, index))


def _leaves(data: Any, location: Location) -> Iterator[tuple[Location, Any]]:
    if isinstance(data, dict):
        for key, value in data.items():
            if location or key not in ("scenario", "system"):
                yield from _leaves(value, (*location, key))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from _leaves(item, (*location, index))
    else:
        yield location, data


def _smaller(value: Any) -> Iterator[Any]:
    if isinstance(value, int) and not isinstance(value, bool):
        yield from sorted({smaller for smaller in (0, 1, value // 2) if smaller < value})
    if isinstance(value, str):
        try:
            duration_ms = parse_duration_ms(value)
        except ValueError:
            return
        yield from (format_duration(shorter) for shorter in _shorter(duration_ms))


def _shorter(duration_ms: int) -> list[int]:
    """A second, a minute, the duration in whole units only, and half of that: those that are shorter, shortest first."""
    unit_ms = next((unit for unit in _UNITS_MS if unit <= duration_ms), 1)
    whole = duration_ms // unit_ms * unit_ms
    half = duration_ms // unit_ms // 2 * unit_ms
    return sorted({shorter for shorter in (1_000, 60_000, whole, half) if 0 < shorter < duration_ms})
