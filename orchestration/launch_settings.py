"""How DRS launches a server: its launch configuration, and the EC2 launch template that belongs to it, read and changed."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from orchestration.places import Place, client_at

Settings = dict[str, Any]
# A plan's names of members of a launch configuration, and DRS's.
_OF_DRS = {
    "rightSizing": "targetInstanceTypeRightSizingMethod",
    "copyTags": "copyTags",
    "copyPrivateIp": "copyPrivateIp",
    "launchDisposition": "launchDisposition",
}
OF_EC2 = ("instanceType", "subnetId")  # what stands in the template instead
RIGHT_SIZING = ("NONE", "BASIC", "IN_AWS")
DISPOSITIONS = ("STARTED", "STOPPED")
_CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "rightSizing": (lambda value: value in RIGHT_SIZING, f"one of {', '.join(RIGHT_SIZING)}"),
    "copyTags": (lambda value: isinstance(value, bool), "true or false"),
    "copyPrivateIp": (lambda value: isinstance(value, bool), "true or false"),
    "launchDisposition": (lambda value: value in DISPOSITIONS, f"one of {', '.join(DISPOSITIONS)}"),
    "instanceType": (lambda value: isinstance(value, str) and "." in value, "an instance type such as m5.large"),
    "subnetId": (lambda value: isinstance(value, str) and value.startswith("subnet-"), "a subnet's id"),
}


def settings_flaws(settings: Any) -> Iterator[tuple[str, str]]:
    """(field, what is wrong) of a plan's or wave's launchConfiguration; the field is empty where it is the whole."""
    if not isinstance(settings, dict) or not settings:
        yield "", f"launchConfiguration is an object with some of {', '.join(_CHECKS)}"
        return
    for field, value in settings.items():
        if field not in _CHECKS:
            yield field, f"a launchConfiguration has no field {field!r}; it has {', '.join(sorted(_CHECKS))}"
        elif not _CHECKS[field][0](value):
            yield field, f"{field} must be {_CHECKS[field][1]}"


def merged(plan: Mapping[str, Any], wave: Mapping[str, Any]) -> Settings:
    """What holds for a wave: its own launchConfiguration, and the plan's where that says nothing."""
    return {**plan.get("launchConfiguration", {}), **wave.get("launchConfiguration", {})}


def read(place: Place, server: str, wanted: Settings) -> Settings:
    """What stands now where `wanted` says something else. Raises botocore's ClientError."""
    found = client_at("drs", place).get_launch_configuration(sourceServerID=server)
    now = {name: found.get(member) for name, member in _OF_DRS.items() if name in wanted}
    if any(name in wanted for name in OF_EC2):
        template = _template(place, found["ec2LaunchTemplateID"])
        subnet = (template.get("NetworkInterfaces") or [{}])[0].get("SubnetId")
        inside = {"instanceType": template.get("InstanceType"), "subnetId": subnet}
        now |= {name: inside[name] for name in OF_EC2 if name in wanted}
    return {name: value for name, value in now.items() if value != wanted[name]}


def apply(place: Place, server: str, changed: Settings) -> None:
    """Let a server be launched so. Doing it again changes nothing more. Raises botocore's ClientError."""
    of_drs = {_OF_DRS[name]: value for name, value in changed.items() if name in _OF_DRS}
    if of_drs:
        client_at("drs", place).update_launch_configuration(sourceServerID=server, **of_drs)
    if any(name in changed for name in OF_EC2):
        found = client_at("drs", place).get_launch_configuration(sourceServerID=server)
        _change_template(place, found["ec2LaunchTemplateID"], changed)


def _template(place: Place, template_id: str) -> Mapping[str, Any]:
    """The data of a launch template's default version, which is the one that DRS launches with."""
    answer = client_at("ec2", place).describe_launch_template_versions(LaunchTemplateId=template_id, Versions=["$Default"])
    data: Mapping[str, Any] = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    return data


def _change_template(place: Place, template_id: str, changed: Settings) -> None:
    """Make a version like the default one but for what changes, and make it the default one."""
    ec2, now = client_at("ec2", place), _template(place, template_id)
    data: dict[str, Any] = {"InstanceType": changed.get("instanceType") or now.get("InstanceType")}
    if "subnetId" in changed:
        first, *others = now.get("NetworkInterfaces") or [{"DeviceIndex": 0}]
        # The list replaces the whole one of the version that this is made from.
        data["NetworkInterfaces"] = [{**first, "SubnetId": changed["subnetId"]}, *others]
    version = ec2.create_launch_template_version(
        LaunchTemplateId=template_id, SourceVersion="$Default", LaunchTemplateData=data
    )["LaunchTemplateVersion"]["VersionNumber"]
    ec2.modify_launch_template(LaunchTemplateId=template_id, DefaultVersion=str(version))
