"""Makes and unmakes things in moto's EC2 with ids that are given: the one place that knows how moto keeps them.

`ec2` is always moto's EC2 backend of one account and Region. Each function is called at the (visited) instant at which its
thing happens, with moto's randomness set to that thing's own.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# EC2's numbers for the states that moto itself never shows.
_STATE_CODES = {"pending": 0, "running": 16, "shutting-down": 32, "stopping": 64, "stopped": 80}


@dataclass(frozen=True, slots=True)
class NewInstance:
    """An instance to launch. `subnet_id` and `group_ids` are None and empty for the default subnet and its default group."""

    id: str
    image_id: str
    type: str
    tags: Mapping[str, str]
    is_windows: bool = False
    subnet_id: str | None = None
    group_ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class NewVolume:
    """A volume to attach to an instance as `device`."""

    id: str
    size_gib: int
    device: str
    tags: Mapping[str, str]


def find(ec2: Any, instance_id: str) -> Any:
    """An instance, or None."""
    for reservation in ec2.reservations.values():
        for instance in reservation.instances:
            if instance.id == instance_id:
                return instance
    return None


def launch(ec2: Any, new: NewInstance) -> Any:
    """Launch an instance; where its subnet or its groups do not exist, in the default subnet."""
    from moto.ec2.exceptions import EC2ClientError  # noqa: PLC0415  loaded only where EC2 is asked

    placed = {"subnet_id": new.subnet_id, "security_group_ids": list(new.group_ids)}
    try:
        reservation = _run(ec2, new, placed)
    except EC2ClientError:
        reservation = _run(ec2, new, {})
    (instance,) = reservation.instances
    instance.id = new.id
    instance.virtualization_type = "hvm"
    instance.platform = "windows" if new.is_windows else None
    instance.add_tags(dict(new.tags))
    return instance


def _run(ec2: Any, new: NewInstance, placed: Mapping[str, Any]) -> Any:
    return ec2.run_instances(
        image_id=new.image_id,
        count=1,
        user_data=None,
        security_group_names=[],
        instance_type=new.type,
        is_instance_type_default=False,
        region_name=ec2.region_name,
        block_device_mappings=[],
        **placed,
    )


def set_state(instance: Any, state: str) -> None:
    """Let an instance be in a state of EC2 (`pending`, `stopped`, ...); a terminated one stays so."""
    if instance.state == "terminated":
        return
    match state:
        case "terminated":
            instance.terminate()
        case "stopped":
            instance.stop()
        case "running":
            instance.start()
        case _:
            instance.instance_state.name, instance.instance_state.code = state, _STATE_CODES[state]


def boot(instance: Any, ready: datetime) -> None:
    """Let an instance's status checks pass only from an instant on: until then its system is still coming up."""
    from moto.ec2.models.instances import Instance  # noqa: PLC0415  loaded only where EC2 is asked

    if not isinstance(Instance.instance_status, _StatusCheck):
        Instance.instance_status = _StatusCheck(Instance.instance_status)
    instance.simulated_ready = ready


class _StatusCheck:
    """In the place of moto's property, by which an instance is well from its first moment."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __get__(self, instance: Any, owner: type) -> Any:
        """An instance's status, as DescribeInstanceStatus shows it."""
        if instance is None:
            return self
        shown = self._original.__get__(instance, owner)
        ready = getattr(instance, "simulated_ready", None)
        if shown["Status"] != "ok" or ready is None or datetime.now(UTC) >= ready:  # noqa: TID251  as moto sees it
            return shown
        return {"Details": [{"Name": "reachability", "Status": "initializing"}], "Status": "initializing"}


def attach(ec2: Any, instance: Any, new: NewVolume) -> None:
    """Make a volume and attach it to an instance, with which it will be deleted."""
    from moto.ec2.models.block_device import BlockDeviceType  # noqa: PLC0415  loaded only where EC2 is asked
    from moto.ec2.models.elastic_block_store import Volume, VolumeAttachment  # noqa: PLC0415  so is this

    volume = Volume(
        ec2, new.id, new.size_gib, ec2.get_zone_by_name(instance.availability_zone), encrypted=True, volume_type="gp3"
    )
    ec2.volumes[new.id] = volume
    volume.add_tags(dict(new.tags))
    volume.attachment = VolumeAttachment(volume, instance, new.device, "attached")
    instance.block_device_mapping[new.device] = BlockDeviceType(
        volume_id=new.id,
        status="in-use",
        size=new.size_gib,
        attach_time=volume.attachment.attach_time,
        delete_on_termination=True,
    )


def add_snapshot(ec2: Any, identifier: str, volume_id: str, size_gib: int, tags: Mapping[str, str]) -> None:
    """A snapshot of a staging volume that is not listed itself."""
    from moto.ec2.models.elastic_block_store import Snapshot, Volume  # noqa: PLC0415  loaded only where EC2 is asked

    volume = Volume(ec2, volume_id, size_gib, ec2.get_zone_by_name(f"{ec2.region_name}a"), encrypted=True)
    snapshot = Snapshot(ec2, identifier, volume, "Created by AWS Elastic Disaster Recovery", encrypted=True)
    ec2.snapshots[identifier] = snapshot
    snapshot.add_tags(dict(tags))


def delete_snapshot(ec2: Any, identifier: str) -> None:
    """Delete a snapshot, unless somebody else has."""
    from moto.ec2.exceptions import EC2ClientError  # noqa: PLC0415  loaded only where EC2 is asked

    with suppress(EC2ClientError):
        ec2.delete_snapshot(identifier)


def add_image(ec2: Any, identifier: str, name: str, tags: Mapping[str, str], *, is_windows: bool) -> None:
    """An image of the account's own, without the snapshot that moto makes for each."""
    from moto.ec2.models.amis import Ami  # noqa: PLC0415  loaded only where EC2 is asked

    image = Ami(
        ec2,
        identifier,
        name=name,
        description="Created by AWS Elastic Disaster Recovery",
        virtualization_type="hvm",
        architecture="x86_64",
        platform="windows" if is_windows else None,
        root_device_type="ebs",
        region_name=f"{ec2.region_name}a",
    )
    image.add_tags(dict(tags))
    ec2.amis[identifier] = image
    del ec2.snapshots[image.ebs_snapshot.id]


def delete_image(ec2: Any, identifier: str) -> None:
    """Deregister an image, unless somebody else has."""
    ec2.amis.pop(identifier, None)


def add_template(ec2: Any, identifier: str, name: str, data: Mapping[str, Any], tags: Mapping[str, str]) -> Any:
    """A launch template with its first version."""
    from moto.ec2.models.launch_templates import LaunchTemplate  # noqa: PLC0415  loaded only where EC2 is asked

    template = LaunchTemplate(ec2, name, dict(data), "Created by AWS Elastic Disaster Recovery", {})
    template.id = identifier
    template.add_tags(dict(tags))
    template.tags = template.get_tags()
    ec2.launch_templates[identifier] = template
    ec2.launch_template_name_to_ids[name] = identifier
    ec2.launch_template_insert_order.append(identifier)
    return template
