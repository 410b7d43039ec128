"""Tags of any resource: TagResource, UntagResource, ListTagsForResource."""

import re
from collections.abc import Mapping

from simulator.drs import refusals
from simulator.drs.model import Job, RecoveryInstance, SourceServer
from simulator.drs.networks import SourceNetwork
from simulator.drs.operations.wire import Answer, Request
from simulator.drs.recovery_plans.model import Plan, PlanExecution
from simulator.drs.state import RegionState
from simulator.drs.template import Template

MAX_TAGS = 50
_Tagged = SourceServer | Job | RecoveryInstance | Template | SourceNetwork | Plan | PlanExecution
_ARN = re.compile(r"arn:aws[a-z-]*:drs:(?P<region>[^:]*):(?P<account>[^:]*):(?P<kind>[a-z-]+)/(?P<id>.+)")


def tag_resource(state: RegionState, request: Request) -> Answer:
    """Add tags, overwriting those that are there."""
    tags = _tags(state, request["resourceArn"])
    reserved = [(f"tags.{key}", "must not begin with aws:") for key in request["tags"] if key.lower().startswith("aws:")]
    if reserved:
        raise refusals.validation_error(reserved)
    if len(tags | request["tags"]) > MAX_TAGS:
        raise refusals.validation_error([("tags", f"must leave the resource with at most {MAX_TAGS} tags")])
    tags.update(request["tags"])
    return {}


def untag_resource(state: RegionState, request: Request) -> Answer:
    """Remove tags; those that are not there do not matter."""
    tags = _tags(state, request["resourceArn"])
    for key in request["tagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags_for_resource(state: RegionState, request: Request) -> Answer:
    """A resource's tags."""
    return {"tags": dict(_tags(state, request["resourceArn"]))}


def _tags(state: RegionState, arn: str) -> dict[str, str]:
    kept: Mapping[str, Mapping[str, _Tagged]] = {
        "source-server": state.servers,
        "job": state.jobs,
        "recovery-instance": state.instances,
        "replication-configuration-template": state.replication_templates,
        "launch-configuration-template": state.launch_templates,
        "source-network": state.networks,
        "recovery-plan": state.plans.plans,
        "recovery-plan-execution": state.plans.executions,
    }
    named = _ARN.fullmatch(arn)
    if named and (named["region"], named["account"]) == (state.name, state.account_id):
        found = kept.get(named["kind"], {}).get(named["id"])
        if found is not None:
            return found.tags
    raise refusals.not_found("Resource", arn)
