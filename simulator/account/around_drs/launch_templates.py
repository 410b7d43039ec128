"""The EC2 launch templates of source servers: one each, which users edit and every launch makes a version of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.account.around_drs import ec2_objects
from simulator.account.around_drs.agenda import elsewhen
from simulator.drs.model import SourceServer
from simulator.drs.operations.machine import source_properties
from simulator.drs.state import MANAGED, RegionState


@dataclass(frozen=True, slots=True)
class LaunchSettings:
    """What a launch takes from a template."""

    type: str
    subnet_id: str | None
    group_ids: Sequence[str]
    tags: Mapping[str, str]


def keep_up(ec2: Any, state: RegionState) -> None:
    """Let there be a template for each source server, and none for those that are gone.

    A template that somebody has deleted comes back with default values, as DRS does at the next launch.
    """
    wanted = {_identifier(server): server for server in state.servers.values()}
    for identifier in [one for one in ec2.launch_templates if one not in wanted and _is_ours(ec2.launch_templates[one])]:
        ec2.delete_launch_template(None, identifier)
    for identifier, server in wanted.items():
        if identifier not in ec2.launch_templates:
            _add(ec2, state, server)


def use(ec2: Any, server: SourceServer, recommended_type: str) -> LaunchSettings:
    """What to launch a server with: its template's default version, of which the launch makes a new one.

    Unless right-sizing is off, the instance type is the recommended one and overwrites the template's.
    """
    template = ec2.launch_templates.get(_identifier(server))
    if template is None:  # the server is gone by now
        return LaunchSettings(recommended_type, None, (), {})
    used = template.default_version()
    is_sized = server.launch_configuration.get("targetInstanceTypeRightSizingMethod") != "NONE"
    kept = used.data.get("InstanceType")
    data = {**used.data, "InstanceType": recommended_type if is_sized or not kept else kept}
    version = template.create_version(data, "Created by AWS Elastic Disaster Recovery for a launch")
    template.default_version_number = version.number
    interfaces = data.get("NetworkInterfaces") or [{}]
    groups = interfaces[0].get("Groups") or interfaces[0].get("SecurityGroupId") or data.get("SecurityGroupIds") or []
    return LaunchSettings(data["InstanceType"], interfaces[0].get("SubnetId"), tuple(groups), version.instance_tags)


def _add(ec2: Any, state: RegionState, server: SourceServer) -> None:
    tags = {**MANAGED, "AWSElasticDisasterRecoverySourceServerID": server.id, "Name": server.name}
    data = {
        "InstanceType": source_properties(state, server)["recommendedInstanceType"],
        "EbsOptimized": False,
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            for kind in ("instance", "volume")
        ],
    }
    with elsewhen(state.clock, state.chance, server.added_ms, f"template/{server.id}"):
        ec2_objects.add_template(ec2, _identifier(server), f"created-and-used-by-drs-{server.id}", data, tags)


def _is_ours(template: Any) -> bool:
    return str(template.name).startswith("created-and-used-by-drs-")


def _identifier(server: SourceServer) -> str:
    return str(server.launch_configuration["ec2LaunchTemplateID"])
