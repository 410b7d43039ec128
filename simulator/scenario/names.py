"""What a scenario file declares, gathered before it is validated, so that every reference to it can be checked in one pass.

The gathering is lenient: whatever has the wrong shape is passed over here and reported by the model.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from simulator.json_types import JsonValue
from simulator.scenario.nodes import Finding
from simulator.scenario.tree import Location, Tree

SERVER_ID = "serverId"  # `${serverId.app-1}` is the source server id of the server app-1


@dataclass(frozen=True, slots=True)
class Names:
    """What references in a file may name. `base` is the folder that the file's relative paths start from.

    Handlers and topics are named by their placeholders. `must_exist` tells whether the files named are looked for;
    `seed_count` is how many seeds the file asks for; `is_stack` that a template has the handlers and tables.
    """

    base: Path
    waves: frozenset[str] = frozenset()
    servers: frozenset[str] = frozenset()
    handlers: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    tables: frozenset[str] = frozenset()
    faults: frozenset[str] = frozenset()
    must_exist: bool = True
    seed_count: int = 1
    is_stack: bool = False


@dataclass(frozen=True, slots=True)
class _Declared:
    """A name and the location that declares it."""

    name: str
    location: Location


def names_in(data: JsonValue, base: Path) -> Names:
    """The names that the document declares."""
    return Names(
        base,
        frozenset(wave.name for wave in _waves(data)),
        frozenset(server.name for server in _servers(data)),
        frozenset(_mapping(data, "system", "handlers")),
        frozenset(topic for topic in _list(data, "system", "topics") if isinstance(topic, str)),
        frozenset(_mapping(data, "system", "tables")),
        frozenset(_all_fault_ids(data)),
        seed_count=_seed_count(_at(data, "run", "seeds")),
        is_stack=_at(data, "system", "template") is not None,
    )


def duplicates(tree: Tree) -> list[Finding]:
    """A finding for each wave, server or fault that has the name of an earlier one."""
    declared = {"wave": _waves(tree.data), "server": _servers(tree.data), "fault": _fault_ids(tree.data)}
    return [finding for noun, names in declared.items() for finding in _repeated(tree, noun, list(names))]


def did_you_mean(written: str, known: Sequence[str]) -> str:
    """A hint that names the known word closest to the one written, else all of them, else nothing."""
    close = get_close_matches(written, known, n=1) or [word for word in known if word.lower() == written.lower()]
    if close:
        return f"did you mean `{close[0]}`?"
    return "known: " + ", ".join(known) if 0 < len(known) <= 20 else ""


def counted_names(wave: str, count: int) -> list[str]:
    """The names of a wave's servers when the file only counts them: `data-1`, `data-2`, ..."""
    return [f"{wave}-{number}" for number in range(1, count + 1)]


def _all_fault_ids(data: JsonValue) -> Iterator[str]:
    """Those that are written, and those that the others get."""
    for number, fault in enumerate(_list(data, "faults"), 1):
        name = _at(fault, "id")
        yield name if isinstance(name, str) and name else f"fault-{number}"


def _seed_count(seeds: JsonValue) -> int:
    if isinstance(seeds, list):
        return len(seeds)
    match = re.fullmatch(r"([0-9]{1,12})\s*\.\.\s*([0-9]{1,12})", seeds.strip()) if isinstance(seeds, str) else None
    return max(1, int(match[2]) - int(match[1]) + 1) if match else 1


def _repeated(tree: Tree, noun: str, declared: list[_Declared]) -> Iterator[Finding]:
    first: dict[str, _Declared] = {}
    counts = Counter(item.name for item in declared)
    for item in declared:
        if counts[item.name] > 1 and first.setdefault(item.name, item) is not item:
            line = tree.position(first[item.name].location).line
            yield Finding(tree.position(item.location), f"a second {noun} is named `{item.name}`", f"first on line {line}")


def _waves(data: JsonValue) -> Iterator[_Declared]:
    for index, wave in enumerate(_list(data, "fleet", "waves")):
        name = _at(wave, "name")
        if isinstance(name, str):
            yield _Declared(name, ("fleet", "waves", index, "name"))


def _servers(data: JsonValue) -> Iterator[_Declared]:
    for index, wave in enumerate(_list(data, "fleet", "waves")):
        name, servers = _at(wave, "name"), _at(wave, "servers")
        location = ("fleet", "waves", index, "servers")
        if isinstance(servers, int) and isinstance(name, str) and 0 < servers <= 10_000:
            yield from (_Declared(server, location) for server in counted_names(name, servers))
        elif isinstance(servers, list):
            yield from (_Declared(server, (*location, at)) for at, server in enumerate(servers) if isinstance(server, str))


def _fault_ids(data: JsonValue) -> Iterator[_Declared]:
    for index, fault in enumerate(_list(data, "faults")):
        name = _at(fault, "id")
        if isinstance(name, str):
            yield _Declared(name, ("faults", index, "id"))


def _list(data: JsonValue, *keys: str) -> Sequence[JsonValue]:
    value = _at(data, *keys)
    return value if isinstance(value, list) else []


def _mapping(data: JsonValue, *keys: str) -> Mapping[str, JsonValue]:
    value = _at(data, *keys)
    return value if isinstance(value, dict) else {}


def _at(data: JsonValue, *keys: str) -> JsonValue:
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data
