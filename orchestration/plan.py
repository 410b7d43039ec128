"""Recovery plans: what a plan document describes, and the order its waves are listed in.

A plan is `{"planId", "name"?, "rtoMinutes"?, "cleanUpDrill"?, "failback"?: {"timeoutMinutes"}, "notify"?: ["start", "wave",
"paused"], "waves": [...]}`, a wave `{"name", "servers": ["s-..."] or "tags": {...}, "dependsOn"?: ["..."],
"timeoutMinutes"?: 60, "pollSeconds"?: 15, "onFailure"?: "stop" | "continue" | "pause", "retries"?: 0, "optional"?:
["s-..."], "minimumHealthyShare"?: 1, "approval"?: {"timeoutMinutes", "default": "approve" | "refuse"}, "pauseBefore"?:
false, "rtoMinutes"?}`, with runbooks, checks of its health and a condition as plan_steps.py has them. Both may say where
servers are (`account`, `region`, `roleArn` or `roleName`, `externalId`) and how they are launched (`launchConfiguration`,
see launch_settings.py); the wave's word counts.
Nothing here talks to AWS.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from orchestration.launch_settings import merged as launch_configuration
from orchestration.places import Home, Place, place_of
from orchestration.plan_checks import DEFAULT_POLL_SECONDS, DEFAULT_TIMEOUT_MINUTES, Flaw, flaws_of
from orchestration.plan_steps import Condition, Step, condition_of, steps_of
from orchestration.waves import expected_seconds, polls_until

# Step Functions ends an execution whose history reaches 25,000 events, and nothing can be recorded then. A wave writes some
# sixty events and a poll thirteen; a fifth is left for retries.
MAX_EVENTS, EVENTS_PER_WAVE, EVENTS_PER_POLL = 20_000, 60, 13
POLL_CEILING_SECONDS = 300


class InvalidPlan(Exception):
    """A plan document that cannot be run, with every flaw that it has."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__("; ".join(flaw.message for flaw in flaws))
        self.flaws = tuple(flaws)


@dataclass(frozen=True, slots=True)
class Approval:
    """A wave that a person must approve; without a decision in time, the default is it."""

    timeout_minutes: float
    is_default: bool


@dataclass(frozen=True, slots=True)
class Wave:
    """Servers that are recovered together in one job. The wave starts when every wave in `depends_on` is done.

    `on_failure` is `stop` (nothing new starts), `continue` (the waves after it start all the same) or `pause` (an operator
    decides). Failed servers are tried `retries` more times. Servers in `optional` may fail; of the others, at least
    `minimum_healthy_share` must launch. Polls lie between `poll_seconds` and `poll_ceiling_seconds` apart. `tags` are what
    the servers were chosen by, if they were not named. `expected_share` is how long its job is expected to take, of what a
    job with so many servers takes as a rule. Before a wave that `pauses_before` the execution pauses until it is resumed.
    `rto_minutes` is how long after the request the wave has to be done.
    """

    name: str
    servers: tuple[str, ...]
    depends_on: tuple[str, ...]
    timeout_minutes: float
    poll_seconds: int
    poll_ceiling_seconds: int
    expected_share: float
    on_failure: str
    retries: int
    optional: tuple[str, ...]
    minimum_healthy_share: float
    approval: Approval | None
    place: Place
    tags: Mapping[str, str] | None
    launch_configuration: Mapping[str, Any] | None
    pauses_before: bool
    rto_minutes: float | None
    steps: tuple[Step, ...]
    condition: Condition | None

    @property
    def waits_for(self) -> frozenset[str]:
        """The waves that have ended before this one starts."""
        return frozenset(self.depends_on) | ({self.condition.wave} if self.condition else set())


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan without flaws, each wave after all that it depends on.

    A wave is polled less often than the document asks for where all polls together would overflow the execution's history.
    """

    plan_id: str
    name: str
    waves: tuple[Wave, ...]
    rto_minutes: float | None
    cleans_up_drill: bool
    notify: tuple[str, ...]
    failback_minutes: float | None


def check(document: Any) -> None:
    """Raises InvalidPlan for whatever is wrong with a decoded JSON document as it stands."""
    flaws = list(flaws_of(document))
    if flaws:
        raise InvalidPlan(flaws)


def read_plan(
    document: Any,
    members: Mapping[str, Sequence[str]] | None = None,
    home: Home | None = None,
    shares: Mapping[str, float] | None = None,
) -> Plan:
    """The plan that a decoded JSON document describes.

    `members` are the servers of the waves that have tags, by the waves' names; `home` is where the functions run; `shares`
    are the waves' expected shares, as far as earlier executions tell. Raises InvalidPlan.
    """
    check(document)
    tags = {wave["name"]: wave["tags"] for wave in document["waves"] if "tags" in wave}
    if tags:
        document = _with_members(document, members or {})
        check(document)
    at, known = home or Home(), shares or {}
    listed = [_wave(document, wave, tags.get(wave["name"]), at, known.get(wave["name"], 1)) for wave in document["waves"]]
    waves = within_history(in_dependency_order(listed))
    return Plan(
        document["planId"],
        document.get("name", document["planId"]),
        waves,
        document.get("rtoMinutes"),
        document.get("cleanUpDrill", False),
        tuple(document.get("notify", ())),
        document.get("failback", {}).get("timeoutMinutes"),
    )


def in_dependency_order(waves: Sequence[Wave]) -> tuple[Wave, ...]:
    """The waves so that each comes after all it waits for, otherwise as they were. They must not wait in a circle."""
    ordered: list[Wave] = []
    waiting = list(waves)
    while waiting:
        done = {wave.name for wave in ordered}
        following = next(wave for wave in waiting if done >= wave.waits_for)
        ordered.append(following)
        waiting.remove(following)
    return tuple(ordered)


def within_history(waves: Sequence[Wave]) -> tuple[Wave, ...]:
    """The waves with their poll intervals stretched alike, until all polls fit the history even if no job ever ends."""
    room = (MAX_EVENTS - EVENTS_PER_WAVE * len(waves)) / EVENTS_PER_POLL
    stretch = 1.0
    while sum(_polls(wave, stretch) for wave in waves) > room:
        stretch *= 1.1
    return tuple(_stretched(wave, stretch) for wave in waves)


def _polls(wave: Wave, stretch: float) -> int:
    wave = _stretched(wave, stretch)
    expected, tries = wave.expected_share * expected_seconds(len(wave.servers)), wave.retries + 1
    looks = [(step.timeout_minutes * 60, 0.0) for step in wave.steps]
    waits = [*looks, *[(wave.timeout_minutes * 60, expected)] * tries]
    return sum(polls_until(limit, length, wave.poll_seconds, wave.poll_ceiling_seconds) for limit, length in waits)


def _stretched(wave: Wave, stretch: float) -> Wave:
    floor = ceil(wave.poll_seconds * stretch)
    return replace(wave, poll_seconds=floor, poll_ceiling_seconds=max(floor, ceil(POLL_CEILING_SECONDS * stretch)))


def _with_members(document: Mapping[str, Any], members: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The document with servers in place of tags. Raises InvalidPlan for tags that no server has."""
    empty = [
        Flaw(f"/waves/{index}/tags", f"no source server has all tags of wave {wave['name']!r}")
        for index, wave in enumerate(document["waves"])
        if "tags" in wave and not members.get(wave["name"])
    ]
    if empty:
        raise InvalidPlan(empty)
    return {**document, "waves": [_with_servers(wave, members) for wave in document["waves"]]}


def _with_servers(wave: Mapping[str, Any], members: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    if "tags" not in wave:
        return dict(wave)
    return {name: value for name, value in wave.items() if name != "tags"} | {"servers": list(members[wave["name"]])}


def _wave(
    plan: Mapping[str, Any], document: Mapping[str, Any], tags: Mapping[str, str] | None, home: Home, expected_share: float
) -> Wave:
    approval = document.get("approval")
    return Wave(
        document["name"],
        tuple(document["servers"]),
        tuple(document.get("dependsOn", ())),
        document.get("timeoutMinutes", DEFAULT_TIMEOUT_MINUTES),
        document.get("pollSeconds", DEFAULT_POLL_SECONDS),
        POLL_CEILING_SECONDS,
        expected_share,
        document.get("onFailure", "stop"),
        document.get("retries", 0),
        tuple(document.get("optional", ())),
        document.get("minimumHealthyShare", 1),
        approval and Approval(approval["timeoutMinutes"], approval["default"] == "approve"),
        place=place_of(plan, document, home),
        tags=tags,
        launch_configuration=launch_configuration(plan, document) or None,
        pauses_before=document.get("pauseBefore", False),
        rto_minutes=document.get("rtoMinutes"),
        steps=steps_of(document),
        condition=condition_of(document),
    )
