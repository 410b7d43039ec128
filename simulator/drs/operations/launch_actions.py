"""What runs on an instance after its launch: PutLaunchAction, ListLaunchActions, DeleteLaunchAction."""

from copy import deepcopy
from typing import Any

from simulator.drs import refusals
from simulator.drs.launch_actions import document_type
from simulator.drs.operations.paging import page
from simulator.drs.operations.wire import Answer, Request, refuse_if_held
from simulator.drs.state import RegionState

_Actions = dict[str, dict[str, Any]]


def put_launch_action(state: RegionState, request: Request) -> Answer:
    """Add an action to a server or a launch configuration template, or replace it."""
    resource, identifier = request["resourceId"], request["actionId"]
    kept = _actions(state, resource)
    if resource in state.servers:
        refuse_if_held(state, [state.servers[resource]])
    if any(one["order"] == request["order"] for one in kept.values() if one["actionId"] != identifier):
        raise refusals.conflict("Another launch action has this order", "LaunchAction", identifier)
    limit = state.settings.quotas.launch_actions
    if identifier not in kept and len(kept) >= limit:
        raise refusals.quota_conflict("launch_actions", limit)
    action = {name: deepcopy(value) for name, value in request.items() if name != "resourceId"}
    kept[identifier] = action | {"type": document_type(state, request["actionCode"])}
    return {"resourceId": resource, **deepcopy(kept[identifier])}


def list_launch_actions(state: RegionState, request: Request) -> Answer:
    """The actions of a server or a template, in the order in which they run: all, or those with certain ids."""
    resource = request["resourceId"]
    wanted = frozenset(request.get("filters", {}).get("actionIds", ()))
    found = [action for name, action in _actions(state, resource).items() if not wanted or name in wanted]
    rows = sorted(found, key=lambda action: int(action["order"]))
    size = state.settings.page_size
    return page(f"actions/{resource}", rows, lambda action: int(action["order"]), deepcopy, request, size)


def delete_launch_action(state: RegionState, request: Request) -> Answer:
    """Remove an action from a server or a template."""
    kept = _actions(state, request["resourceId"])
    if request["actionId"] not in kept:
        raise refusals.not_found("LaunchAction", request["actionId"])
    del kept[request["actionId"]]
    return {}


def _actions(state: RegionState, resource: str) -> _Actions:
    found = state.servers.get(resource) or state.launch_templates.get(resource)
    if found is None:
        raise refusals.not_found("SourceServer" if resource.startswith("s-") else "LaunchConfigurationTemplate", resource)
    return found.launch_actions
