"""Everything that is wrong with a plan document. Nothing here talks to AWS."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration import launch_settings
from orchestration.launch_settings import settings_flaws
from orchestration.place_checks import account_in, place_flaws, place_shape
from orchestration.places import FIELDS, merged
from orchestration.plan_graph import graph_flaws
from orchestration.plan_steps import minutes_of
from orchestration.step_checks import parameter_flaws, steps_shape

DEFAULT_TIMEOUT_MINUTES = 60
DEFAULT_POLL_SECONDS = 15
MIN_TIMEOUT_MINUTES, MAX_TIMEOUT_MINUTES = 0.1, 24 * 60
MAX_POLL_SECONDS = 3_600
MAX_RETRIES = 5
MAX_DAYS = 7  # of all waves' timeouts; with every retry on top, it stays below the state machine's own TimeoutSeconds
# Quotas of the DRS service that a plan can break by itself, with the codes under which AWS lists them.
MAX_SERVERS_PER_JOB, JOB_QUOTA = 100, "L-B827C881"
MAX_SERVERS, ACCOUNT_QUOTA = 4_000, "L-E28BE5E0"
MAX_WAVES = 100
MAX_TAGS = 50  # of a resource
ON_FAILURE = ("stop", "continue", "pause")
NOTIFIED = ("start", "wave", "paused")  # ends and decisions are told of in any case
APPROVAL_DEFAULTS = ("approve", "refuse")

_SERVER_ID = re.compile(r"s-[0-9a-zA-Z]{17}")
_TEXT = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,128}")
_WAVE_NAME = re.compile(r"[\w .:/=+@-]{1,128}")  # what AWS takes as a tag's value: the wave's job is tagged with its name
_PLAN_FIELDS = frozenset(
    {"planId", "name", "waves", "rtoMinutes", "cleanUpDrill", "failback", "notify", "launchConfiguration", *FIELDS}
)
_WAVE_FIELDS = frozenset({
    "name", "servers", "tags", "dependsOn", "timeoutMinutes", "pollSeconds", "onFailure", "retries", "optional",
    "minimumHealthyShare", "approval", "launchConfiguration", "pauseBefore", "rtoMinutes", "preWave", "postWave",
    "healthCheck", "runIf", *FIELDS,
})  # fmt: skip
_APPROVAL_FIELDS = frozenset({"timeoutMinutes", "default"})


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with a plan; `pointer` is the JSON pointer to it."""

    pointer: str
    message: str


def flaws_of(document: Any) -> Iterator[Flaw]:
    """Every flaw of a decoded JSON document; none if it is a plan that can be run."""
    if not isinstance(document, dict):
        yield Flaw("", "a plan is a JSON object")
        return
    yield from _unknown(document, _PLAN_FIELDS, "", "a plan")
    if not _matches(_TEXT, document.get("planId")):
        yield Flaw("/planId", "planId must be a text of 1 to 128 characters")
    if "name" in document and not _matches(_TEXT, document["name"]):
        yield Flaw("/name", "name must be a text of 1 to 128 characters")
    yield from _number(document, "rtoMinutes", 0.1, MAX_DAYS * 24 * 60, "")
    yield from _flag(document, "cleanUpDrill", "")
    if not _are_texts(document.get("notify", [])) or not set(document.get("notify", [])) <= set(NOTIFIED):
        yield Flaw("/notify", f"notify must be a list of some of {', '.join(NOTIFIED)}")
    if "failback" in document:
        yield from _failback_shape(document["failback"])
    yield from _place_shape(document, "")
    yield from _launch_shape(document, "")
    waves = document.get("waves")
    if not isinstance(waves, list) or not waves:
        yield Flaw("/waves", "a plan needs at least one wave")
        return
    if len(waves) > MAX_WAVES:
        yield Flaw("/waves", f"a plan has at most {MAX_WAVES} waves, not {len(waves)}")
    before = len(shape := list(_shape_flaws(waves)))
    yield from shape
    if before == 0:  # the rest compares waves, which must have their parts for it
        yield from (Flaw(pointer, message) for pointer, message in graph_flaws(waves))
        yield from _server_flaws(document, waves)
        yield from _place_flaws(document, waves)
        yield from _launch_flaws(document, waves)
        yield from _parameter_flaws(waves)
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
        yield from _members_shape(wave, pointer)
        yield from _place_shape(wave, pointer)
        yield from _launch_shape(wave, pointer)
        if not _are_texts(wave.get("dependsOn", [])):
            yield Flaw(f"{pointer}/dependsOn", "dependsOn must be a list of wave names")
        yield from _number(wave, "timeoutMinutes", MIN_TIMEOUT_MINUTES, MAX_TIMEOUT_MINUTES, pointer)
        yield from _number(wave, "pollSeconds", 1, MAX_POLL_SECONDS, pointer)
        yield from _number(wave, "rtoMinutes", 0.1, MAX_DAYS * 24 * 60, pointer)
        yield from _flag(wave, "pauseBefore", pointer)
        yield from (Flaw(f"{pointer}/{field}", message) for field, message in steps_shape(wave))
        yield from _policy_shape(wave, pointer)


def _members_shape(wave: Mapping[str, Any], pointer: str) -> Iterator[Flaw]:
    if "tags" not in wave:
        yield from _servers_shape(wave.get("servers"), pointer)
    elif "servers" in wave:
        yield Flaw(f"{pointer}/tags", "a wave has either servers or tags")
    elif not _are_tags(wave["tags"]):
        yield Flaw(f"{pointer}/tags", f"tags must be an object with 1 to {MAX_TAGS} texts of at most 256 characters")


def _are_tags(tags: Any) -> bool:
    return (
        isinstance(tags, dict)
        and 0 < len(tags) <= MAX_TAGS
        and all(isinstance(value, str) and len(key) <= 256 and len(value) <= 256 for key, value in tags.items())
    )


def _place_shape(document: Mapping[str, Any], pointer: str) -> Iterator[Flaw]:
    for field, message in place_shape(document):
        yield Flaw(f"{pointer}/{field}", message)


def _launch_shape(document: Mapping[str, Any], pointer: str) -> Iterator[Flaw]:
    for field, message in settings_flaws(document.get("launchConfiguration", {"copyTags": False})):
        yield Flaw(f"{pointer}/launchConfiguration{field and '/'}{field}", message)


def _launch_flaws(document: Mapping[str, Any], waves: Sequence[Mapping[str, Any]]) -> Iterator[Flaw]:
    for index, wave in enumerate(waves):
        settings = launch_settings.merged(document, wave)
        if "instanceType" in settings and settings.get("rightSizing") != "NONE":
            message = f"wave {wave['name']!r}: an instanceType needs rightSizing NONE, otherwise DRS chooses another"
            yield Flaw(f"/waves/{index}/launchConfiguration", message)


def _parameter_flaws(waves: Sequence[Mapping[str, Any]]) -> Iterator[Flaw]:
    for index, wave in enumerate(waves):
        yield from (Flaw(f"/waves/{index}/{field}", message) for field, message in parameter_flaws(wave))


def _place_flaws(document: Mapping[str, Any], waves: Sequence[Mapping[str, Any]]) -> Iterator[Flaw]:
    for index, wave in enumerate(waves):
        for field, message in place_flaws(document, wave):
            yield Flaw(f"/waves/{index}/{field}", f"wave {wave['name']!r}: {message}")


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


def _policy_shape(wave: Mapping[str, Any], pointer: str) -> Iterator[Flaw]:
    if wave.get("onFailure", "stop") not in ON_FAILURE:
        yield Flaw(f"{pointer}/onFailure", f"onFailure must be one of {', '.join(ON_FAILURE)}")
    yield from _number(wave, "retries", 0, MAX_RETRIES, pointer)
    yield from _number(wave, "minimumHealthyShare", 0.01, 1, pointer)
    optional = wave.get("optional", [])
    if not _are_texts(optional):
        yield Flaw(f"{pointer}/optional", "optional must be a list of source server ids")
    elif _are_texts(wave.get("servers")):  # with tags, once it is known who they are
        for place, server in enumerate(optional):
            if server not in wave["servers"]:
                yield Flaw(f"{pointer}/optional/{place}", f"{server!r} is no server of the wave")
    if "approval" in wave:
        yield from _approval_shape(wave["approval"], f"{pointer}/approval")


def _approval_shape(approval: Any, pointer: str) -> Iterator[Flaw]:
    if not isinstance(approval, dict):
        yield Flaw(pointer, "approval is a JSON object")
        return
    yield from _unknown(approval, _APPROVAL_FIELDS, pointer, "an approval")
    if "timeoutMinutes" not in approval:
        yield Flaw(f"{pointer}/timeoutMinutes", "an approval needs timeoutMinutes")
    yield from _number(approval, "timeoutMinutes", 1, MAX_DAYS * 24 * 60, pointer)
    if approval.get("default") not in APPROVAL_DEFAULTS:
        yield Flaw(f"{pointer}/default", f"default must be one of {', '.join(APPROVAL_DEFAULTS)}")


def _failback_shape(failback: Any) -> Iterator[Flaw]:
    if not isinstance(failback, dict) or set(failback) != {"timeoutMinutes"}:
        yield Flaw("/failback", "failback is an object with timeoutMinutes")
    else:
        yield from _number(failback, "timeoutMinutes", 1, MAX_DAYS * 24 * 60, "/failback")


def _flag(document: Mapping[str, Any], field: str, pointer: str) -> Iterator[Flaw]:
    if field in document and not isinstance(document[field], bool):
        yield Flaw(f"{pointer}/{field}", f"{field} must be true or false")


def _number(wave: Mapping[str, Any], field: str, low: float, high: int, pointer: str) -> Iterator[Flaw]:
    """A number from `low` to `high`, and a whole one if `low` is."""
    value = wave.get(field, low)
    kinds, noun = ((int,), "a whole number") if isinstance(low, int) else ((int, float), "a number")
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        yield Flaw(f"{pointer}/{field}", f"{field} must be {noun} from {low} to {high}")


def _server_flaws(document: Mapping[str, Any], waves: Sequence[Mapping[str, Any]]) -> Iterator[Flaw]:
    """Servers that are named twice, or too many: those of an account and Region by themselves."""
    owners: dict[tuple[str | None, ...], dict[str, str]] = {}
    for index, wave in enumerate(waves):
        told = merged(document, wave)
        there = owners.setdefault((account_in(told), told.get("region")), {})
        for place, server in enumerate(wave.get("servers", ())):
            if server in there:
                message = f"{server} is in wave {there[server]!r} and again in wave {wave['name']!r}"
                yield Flaw(f"/waves/{index}/servers/{place}", message)
            there.setdefault(server, wave["name"])
    for there in owners.values():
        if len(there) > MAX_SERVERS:
            yield Flaw(
                "/waves", f"an account has at most {MAX_SERVERS} source servers (quota {ACCOUNT_QUOTA}), not {len(there)}"
            )


def _duration_flaws(waves: Sequence[Mapping[str, Any]]) -> Iterator[Flaw]:
    minutes = sum(
        wave.get("timeoutMinutes", DEFAULT_TIMEOUT_MINUTES) * (wave.get("retries", 0) + 1)
        + wave.get("approval", {}).get("timeoutMinutes", 0)
        + minutes_of(wave)
        for wave in waves
    )
    if minutes > MAX_DAYS * 24 * 60:
        what = "the waves' timeouts, retries, approvals, runbooks and checks"
        yield Flaw("/waves", f"{what} add up to {minutes / 60:,.0f} hours; {MAX_DAYS * 24} are possible")


def _unknown(document: Mapping[str, Any], known: frozenset[str], pointer: str, noun: str) -> Iterator[Flaw]:
    for field in document:
        if field not in known:
            yield Flaw(f"{pointer}/{field}", f"{noun} has no field {field!r}; it has {', '.join(sorted(known))}")


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and bool(pattern.fullmatch(value))


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
