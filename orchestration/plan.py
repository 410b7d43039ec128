"""Recovery plans: what a plan document may say, everything that is wrong with one, and the order its waves go in.

A plan is `{"planId", "name"?, "waves": [{"name", "servers": ["s-..."], "dependsOn"?: ["..."], "timeoutMinutes"?: 60,
"pollSeconds"?: 30}]}`. Nothing here talks to AWS.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

DEFAULT_TIMEOUT_MINUTES = 60
DEFAULT_POLL_SECONDS = 30
MIN_TIMEOUT_MINUTES, MAX_TIMEOUT_MINUTES = 0.1, 24 * 60
MAX_POLL_SECONDS = 3_600
MAX_DAYS = 7  # of all waves' timeouts; with every retry on top, it stays below the state machine's own TimeoutSeconds
# Quotas of the DRS service that a plan can break by itself, with the codes under which AWS lists them.
MAX_SERVERS_PER_JOB, JOB_QUOTA = 100, "L-B827C881"
MAX_SERVERS, ACCOUNT_QUOTA = 4_000, "L-E28BE5E0"
# Step Functions ends an execution whose history reaches 25,000 events, and nothing can be recorded then. A poll writes nine,
# a wave some thirty more; a fifth is left for retries.
MAX_WAVES = 100
MAX_POLLS = 1_900

_SERVER_ID = re.compile(r"s-[0-9a-zA-Z]{17}")
_TEXT = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,128}")
_WAVE_NAME = re.compile(r"[\w .:/=+@-]{1,128}")  # what AWS takes as a tag's value: the wave's job is tagged with its name
_PLAN_FIELDS = frozenset({"planId", "name", "waves"})
_WAVE_FIELDS = frozenset({"name", "servers", "dependsOn", "timeoutMinutes", "pollSeconds"})


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with a plan; `pointer` is the JSON pointer to it."""

    pointer: str
    message: str


class InvalidPlan(Exception):
    """A plan document that cannot be run, with every flaw that it has."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__("; ".join(flaw.message for flaw in flaws))
        self.flaws = tuple(flaws)


@dataclass(frozen=True, slots=True)
class Wave:
    """Servers that are recovered together in one job. The wave starts when every wave in `depends_on` has launched."""

    name: str
    servers: tuple[str, ...]
    depends_on: tuple[str, ...]
    timeout_minutes: float
    poll_seconds: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan without flaws, its waves in the order in which they go: each after all that it depends on.

    A wave is polled less often than the document asks for where all polls together would overflow the execution's history.
    """

    plan_id: str
    name: str
    waves: tuple[Wave, ...]


def read_plan(document: Any) -> Plan:
    """The plan that a decoded JSON document describes. Raises InvalidPlan."""
    flaws = list(_flaws(document))
    if flaws:
        raise InvalidPlan(flaws)
    waves = [_wave(wave) for wave in document["waves"]]
    return Plan(document["planId"], document.get("name", document["planId"]), within_history(in_dependency_order(waves)))


def in_dependency_order(waves: Sequence[Wave]) -> tuple[Wave, ...]:
    """The waves so that each comes after all it depends on, otherwise as they were. They must not depend in a circle."""
    ordered: list[Wave] = []
    waiting = list(waves)
    while waiting:
        done = {wave.name for wave in ordered}
        following = next(wave for wave in waiting if done.issuperset(wave.depends_on))
        ordered.append(following)
        waiting.remove(following)
    return tuple(ordered)


def within_history(waves: Sequence[Wave]) -> tuple[Wave, ...]:
    """The waves with their poll intervals stretched alike, so that even if each takes its whole time, MAX_POLLS suffice."""
    polls = sum(wave.timeout_minutes * 60 / wave.poll_seconds for wave in waves)
    stretch = max(1.0, polls / MAX_POLLS)
    return tuple(replace(wave, poll_seconds=ceil(wave.poll_seconds * stretch)) for wave in waves)


def _wave(document: Mapping[str, Any]) -> Wave:
    return Wave(
        document["name"],
        tuple(document["servers"]),
        tuple(document.get("dependsOn", ())),
        document.get("timeoutMinutes", DEFAULT_TIMEOUT_MINUTES),
        document.get("pollSeconds", DEFAULT_POLL_SECONDS),
    )


def _flaws(document: Any) -> Iterator[Flaw]:
    if not isinstance(document, dict):
        yield Flaw("", "a plan is a JSON object")
        return
    yield from _unknown(document, _PLAN_FIELDS, "", "a plan")
    if not _matches(_TEXT, document.get("planId")):
        yield Flaw("/planId", "planId must be a text of 1 to 128 characters")
    if "name" in document and not _matches(_TEXT, document["name"]):
        yield Flaw("/name", "name must be a text of 1 to 128 characters")
    waves = document.get("waves")
    if not isinstance(waves, list) or not waves:
        yield Flaw("/waves", "a plan needs at least one wave")
        return
    if len(waves) > MAX_WAVES:
        yield Flaw("/waves", f"a plan has at most {MAX_WAVES} waves, not {len(waves)}")
    before = len(shape := list(_shape_flaws(waves)))
    yield from shape
    if before == 0:  # the rest compares waves, which must have their parts for it
        yield from _name_flaws(waves)
        yield from _server_flaws(waves)
        yield from _cycle_flaws(waves)
        yield from _duration_flaws(waves)


def _shape_flaws(waves: Sequence[Any]) -> Iterator[Flaw]:
    for index, wave in enumerate(waves):
        pointer = f"/waves/{index}"
        if not isinstance(wave, dict):
            yield Flaw(pointer, "a wave is a JSON object")
            continue
        yield from _unknown(wave, _WAVE_FIELDS, pointer, "a wave")
        if not _matches(_WAVE_NAME, wave.get("name")):
            yield Flaw(f"{pointer}/name", "a wave needs a name of 1 to 128 letters, digits, spaces and _ . : / = + @ -")
        yield from _servers_shape(wave.get("servers"), pointer)
        if not _are_texts(wave.get("dependsOn", [])):
            yield Flaw(f"{pointer}/dependsOn", "dependsOn must be a list of wave names")
        yield from _number(wave, "timeoutMinutes", MIN_TIMEOUT_MINUTES, MAX_TIMEOUT_MINUTES, pointer)
        yield from _number(wave, "pollSeconds", 1, MAX_POLL_SECONDS, pointer)


def _servers_shape(servers: Any, pointer: str) -> Iterator[Flaw]:
    if not _are_texts(servers) or not servers:
        yield Flaw(f"{pointer}/servers", "a wave needs at least one source server id")
        return
    for place, server in enumerate(servers):
        if not _SERVER_ID.fullmatch(server):
            yield Flaw(f"{pointer}/servers/{place}", f"{server!r} is not a source server id (s- and 17 letters or digits)")
    if len(servers) > MAX_SERVERS_PER_JOB:
        quota = f"at most {MAX_SERVERS_PER_JOB} servers (quota {JOB_QUOTA})"
        yield Flaw(f"{pointer}/servers", f"a wave is one DRS job, which takes {quota}, not {len(servers)}")


def _number(wave: Mapping[str, Any], field: str, low: float, high: int, pointer: str) -> Iterator[Flaw]:
    """A number from `low` to `high`, and a whole one if `low` is."""
    value = wave.get(field, low)
    kinds, noun = ((int,), "a whole number") if isinstance(low, int) else ((int, float), "a number")
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        yield Flaw(f"{pointer}/{field}", f"{field} must be {noun} from {low} to {high}")


def _name_flaws(waves: Sequence[Mapping[str, Any]]) -> Iterator[Flaw]:
    names = [wave["name"] for wave in waves]
    for index, wave in enumerate(waves):
        if wave["name"] in names[:index]:
            yield Flaw(f"/waves/{index}/name", f"two waves are called {wave['name']!r}")
        for place, dependency in enumerate(wave.get("dependsOn", [])):
            if dependency not in names:
                yield Flaw(
                    f"/waves/{index}/dependsOn/{place}", f"wave {wave['name']!r} depends on {dependency!r}, which is no wave"
                )


def _server_flaws(waves: Sequence[Mapping[str, Any]]) -> Iterator[Flaw]:
    owners: dict[str, str] = {}
    for index, wave in enumerate(waves):
        for place, server in enumerate(wave["servers"]):
            if server in owners:
                message = f"{server} is in wave {owners[server]!r} and again in wave {wave['name']!r}"
                yield Flaw(f"/waves/{index}/servers/{place}", message)
            owners.setdefault(server, wave["name"])
    if len(owners) > MAX_SERVERS:
        yield Flaw(
            "/waves", f"an account has at most {MAX_SERVERS} source servers (quota {ACCOUNT_QUOTA}), not {len(owners)}"
        )


def _duration_flaws(waves: Sequence[Mapping[str, Any]]) -> Iterator[Flaw]:
    minutes = sum(wave.get("timeoutMinutes", DEFAULT_TIMEOUT_MINUTES) for wave in waves)
    if minutes > MAX_DAYS * 24 * 60:
        yield Flaw(
            "/waves", f"the waves' timeouts add up to {minutes / 60:,.0f} hours; at most {MAX_DAYS * 24} are possible"
        )


def _cycle_flaws(waves: Sequence[Mapping[str, Any]]) -> Iterator[Flaw]:
    graph = {wave["name"]: list(wave.get("dependsOn", [])) for wave in waves}
    cycle = _cycle(graph)
    if cycle:
        yield Flaw("/waves", f"the waves depend on each other in a cycle: {' -> '.join(cycle)}")


def _cycle(graph: Mapping[str, Sequence[str]]) -> list[str]:
    """A cycle, as the names along it with the first one again at the end; empty if there is none."""
    remaining = dict(graph)
    while True:
        free = [name for name, needs in remaining.items() if not any(need in remaining for need in needs)]
        if not free:
            break
        for name in free:
            del remaining[name]
    if not remaining:
        return []
    path = [next(iter(remaining))]
    while True:
        following = next(need for need in remaining[path[-1]] if need in remaining)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)


def _unknown(document: Mapping[str, Any], known: frozenset[str], pointer: str, noun: str) -> Iterator[Flaw]:
    for field in document:
        if field not in known:
            yield Flaw(f"{pointer}/{field}", f"{noun} has no field {field!r}; it has {', '.join(sorted(known))}")


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and bool(pattern.fullmatch(value))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
