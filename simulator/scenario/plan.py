"""The plan document that the orchestrator reads, and the placeholders in what it is started with."""

import json
import re
from collections.abc import Mapping
from typing import Any

from simulator.json_types import JsonObject, JsonValue
from simulator.scenario.fleet import Wave
from simulator.scenario.model import Scenario
from simulator.scenario.names import SERVER_ID
from simulator.scenario.steps import HealthCheck, Parameters, Runbook, RunIf

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z][A-Za-z0-9]*(?:\.[^${}]+)?)\}")


def plan_document(scenario: Scenario, ids: Mapping[str, str]) -> JsonObject:
    """The plan: the scenario's own, or one made from its fleet. `ids` maps server names to source server ids.

    Its own plan keeps its shape; each text or key in it that is a server's name becomes that server's id.
    """
    if isinstance(scenario.plan, dict):
        return {"planId": scenario.plan_id} | dict(_with_ids(scenario.plan, ids))
    document: dict[str, JsonValue] = {
        "planId": scenario.plan_id,
        "name": scenario.title,
        "waves": [_wave(wave, ids) for wave in scenario.fleet.waves],
    }
    if scenario.fleet.notify:
        document["notify"] = list(scenario.fleet.notify)
    if scenario.fleet.failback is not None:
        document["failback"] = {"timeoutMinutes": _units(scenario.fleet.failback.timeout_ms, 60_000)}
    return document | ({"cleanUpDrill": True} if scenario.fleet.clean_up_drill else {})


def values_of(scenario: Scenario, plan: JsonObject, ids: Mapping[str, str]) -> Mapping[str, JsonValue]:
    """What placeholders stand for on every target: the plan, and each server's id as `${serverId.NAME}`."""
    servers = {f"{SERVER_ID}.{name}": server for name, server in ids.items()}
    return {"plan": plan, "planId": plan["planId"], "isDrill": scenario.fleet.drill, **servers}


def substitute(value: JsonValue, names: Mapping[str, JsonValue]) -> JsonValue:
    """`value` with every `${name}` of `names` filled in, at any depth.

    A text that is exactly `${name}` becomes the value itself, within a longer text the value as text or JSON. Others stay.
    """
    match value:
        case str():
            return _filled(value, names)
        case Mapping():
            return {key: substitute(member, names) for key, member in value.items()}
        case list() | tuple():
            return [substitute(item, names) for item in value]
        case _:
            return value


def _filled(text: str, names: Mapping[str, JsonValue]) -> JsonValue:
    whole = _PLACEHOLDER.fullmatch(text)
    if whole and whole[1] in names:
        return names[whole[1]]
    return _PLACEHOLDER.sub(lambda match: as_text(names[match[1]]) if match[1] in names else match[0], text)


def as_text(value: JsonValue) -> str:
    """A value where only a text can stand: itself, or its JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _wave(wave: Wave, ids: Mapping[str, str]) -> JsonObject:
    document: dict[str, JsonValue] = {
        "name": wave.name,
        **_members(wave, ids),
        "dependsOn": list(wave.depends_on),
        **_place(wave),
    }
    if wave.timeout_ms is not None:
        document["timeoutMinutes"] = _units(wave.timeout_ms, 60_000)
    if wave.poll_ms is not None:
        document["pollSeconds"] = _units(wave.poll_ms, 1_000)
    if wave.on_failure is not None:
        document["onFailure"] = wave.on_failure
    if wave.retries is not None:
        document["retries"] = wave.retries
    if wave.optional:
        document["optional"] = [ids[server] for server in wave.optional]
    if wave.minimum_healthy_share is not None:
        document["minimumHealthyShare"] = wave.minimum_healthy_share
    if wave.launch_configuration is not None:
        document["launchConfiguration"] = dict(wave.launch_configuration)
    if wave.approval is not None:
        timeout = _units(wave.approval.timeout_ms, 60_000)
        document["approval"] = {"timeoutMinutes": timeout, "default": wave.approval.default}
    return {**document, **_around(wave)}


def _around(wave: Wave) -> JsonObject:
    """What the plan says of a wave besides its servers and what becomes of them."""
    document: dict[str, JsonValue] = {"pauseBefore": True} if wave.pause_before else {}
    if wave.rto_ms is not None:
        document["rtoMinutes"] = _units(wave.rto_ms, 60_000)
    if wave.pre_wave:
        document["preWave"] = [_runbook(one) for one in wave.pre_wave]
    if wave.post_wave:
        document["postWave"] = [_runbook(one) for one in wave.post_wave]
    if wave.health_check:
        document["healthCheck"] = [_check(one) for one in wave.health_check]
    if wave.run_if is not None:
        document["runIf"] = _condition(wave.run_if)
    return document


def _runbook(one: Runbook) -> JsonObject:
    given = {"timeoutMinutes": one.timeout_ms and _units(one.timeout_ms, 60_000), "onFailure": one.on_failure}
    return {"ssm": one.ssm, **_parameters(one.parameters), **_given(given)}


def _check(one: HealthCheck) -> JsonObject:
    within = one.within_ms and _units(one.within_ms, 60_000)
    told = {name: getattr(one, name) for name in ("alarm", "url", "ssm", "status", "contains")}
    return {**_given(told), **_parameters(one.parameters), **_given({"withinMinutes": within, "onFailure": one.on_failure})}


def _condition(one: RunIf) -> JsonObject:
    if one.health is not None:
        return {"wave": one.wave, "health": one.health.upper()}
    return {"wave": one.wave, "outcome": [outcome.upper().replace(" ", "_") for outcome in one.outcome]}


def _parameters(parameters: Parameters) -> JsonObject:
    told = {name: value if isinstance(value, str) else list(value) for name, value in parameters.items()}
    return {"parameters": told} if told else {}


def _given(members: Mapping[str, JsonValue]) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}


def _members(wave: Wave, ids: Mapping[str, str]) -> JsonObject:
    return {"tags": dict(wave.tags)} if wave.tags else {"servers": [ids[server] for server in wave.server_names]}


def _place(wave: Wave) -> JsonObject:
    document: dict[str, JsonValue] = {} if wave.region is None else {"region": wave.region}
    if wave.account is not None:
        document |= {"account": wave.account, "roleName": wave.role}
    return document | ({"externalId": wave.external_id} if wave.external_id is not None else {})


def _units(duration_ms: int, unit_ms: int) -> int | float:
    return duration_ms / unit_ms if duration_ms % unit_ms else duration_ms // unit_ms


def _with_ids(value: Any, ids: Mapping[str, str]) -> Any:
    match value:
        case str():
            return ids.get(value, value)
        case dict():
            return {ids.get(key, key): _with_ids(member, ids) for key, member in value.items()}
        case list():
            return [_with_ids(item, ids) for item in value]
        case _:
            return value
