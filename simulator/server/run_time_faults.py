"""Faults that are added to a world while it is served, in the words of scenario files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.account.world import ACCOUNT_ID, World
from simulator.scenario.loading import parse
from simulator.targets.arming import arm_faults
from simulator.targets.occurrences import Cast
from simulator.targets.watch import Watch

WAVE = "servers"  # the one wave that the servers of a served world are, for faults that wait for moments


def add_faults(world: World, faults: Any) -> list[str]:
    """Arm faults as they would stand in a scenario file; their ids. Raises ScenarioError with all that is wrong."""
    region = world.drs.region(ACCOUNT_ID, world.region)
    ids = {server.name: server.id for server in region.state.servers.values()}
    numbered = _with_ids(faults, len(armed(world)))
    wave = {"name": WAVE, "servers": sorted(ids) or 1}
    document = {"scenario": "faults", "fleet": {"region": world.region, "waves": [wave]}, "faults": numbered}
    scenario = parse(json.dumps(document), Path("faults"))
    watch = Watch(world, Cast(ids, {WAVE: tuple(ids)}))
    arm_faults(world, scenario, watch, dict.fromkeys(ids, region), {})
    return [fault.id for fault in scenario.faults]


def armed(world: World) -> list[str]:
    """The ids of the faults that wait for calls, functions, events and servers."""
    states = [world.drs.region(ACCOUNT_ID, world.region).state]
    calls = [one.fault.id for one in world.faults.armed] + [fault.id for fault, _ in world.faults.on_functions]
    servers = [one.fault.id for state in states for ones in state.faults.armed.values() for one in ones]
    return [*dict.fromkeys([*calls, *(fault.id for fault in world.events.faults), *servers])]


def remove_fault(world: World, fault: str) -> bool:
    """Let a fault wait no longer; whether there was one of this id. What it has done already stays done."""
    found = fault in armed(world)
    world.faults.armed[:] = [one for one in world.faults.armed if one.fault.id != fault]
    world.faults.on_functions[:] = [one for one in world.faults.on_functions if one[0].id != fault]
    world.events.faults[:] = [one for one in world.events.faults if one.id != fault]
    for ones in world.drs.region(ACCOUNT_ID, world.region).state.faults.armed.values():
        ones[:] = [one for one in ones if one.fault.id != fault]
    return found


def _with_ids(faults: Any, known: int) -> Any:
    """The faults, those without an id named by their number in the world."""
    if not isinstance(faults, list):
        return faults
    return [
        {"id": f"fault-{number}", **fault} if isinstance(fault, Mapping) else fault
        for number, fault in enumerate(faults, known + 1)
    ]
