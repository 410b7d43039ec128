"""DRS in EC2: recovery instances and their volumes, conversion servers, temporary snapshots and images, launch templates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from simulator.account import moto_services
from simulator.account.around_drs import ec2_objects, launch_templates
from simulator.account.around_drs.agenda import Agenda, Change, elsewhen
from simulator.account.around_drs.ec2_objects import NewInstance, NewVolume
from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.drs import identifiers
from simulator.drs.ec2_instances import launch_target
from simulator.drs.happenings import Happening
from simulator.drs.model import RecoveryInstance, SourceServer
from simulator.drs.operations.machine import source_properties
from simulator.drs.operations.recovery_instances import describe
from simulator.drs.service import DrsService
from simulator.drs.state import MANAGED, RegionState, instance_tags
from simulator.journal import InstanceChanged, JobChanged, JobLogged
from simulator.rng import Chance

CONVERSION_LEAD_MS = 3_000  # from CONVERSION_START until the conversion server is launched
CONVERSION_TYPE = "m4.large"
# The services whose answers depend on EC2, by the names that requests are signed with.
DEPENDENT = ("ec2", "elasticloadbalancing", "autoscaling", "tagging", "cloudformation")

_GIB = 1024**3
_LETTERS = "fghijklmnopqrstuvwxyz"
_ROOT_DEVICES = {"linux": "/dev/xvda", "windows": "/dev/sda1"}


@dataclass(slots=True)
class _Place:
    """What is to be shown in one account and Region. `conversions` are by job and server.

    `temporary` is, by job, what goes with it: ids, and what deletes them.
    """

    state: RegionState
    agenda: Agenda = field(default_factory=Agenda)
    conversions: dict[tuple[str, str], tuple[Change, str]] = field(default_factory=dict)
    temporary: dict[str, list[tuple[str, Callable[[Any, str], None]]]] = field(default_factory=dict)


class Ec2Mirror:
    """Watches DRS, and shows in EC2 what it does."""

    def __init__(self, clock: VirtualClock, chance: Chance, drs: DrsService) -> None:
        self._clock, self._chance, self._drs = clock, chance, drs
        self._places: dict[tuple[str, str], _Place] = {}
        self._asked: set[tuple[str, str]] = set()
        drs.subscribe(self._observe)

    def was_asked(self, request: Decoded) -> bool:
        """Whether EC2, or what depends on it, has been used so far where a request goes."""
        return (request.account_id, request.region) in self._asked

    def catch_up(self, request: Decoded) -> None:
        """Bring EC2 up to date, before it answers a request."""
        place = self._place(request.account_id, request.region)
        self._asked.add((request.account_id, request.region))
        with elsewhen(self._clock, self._chance, 0, f"ec2/{request.account_id}/{request.region}"):
            ec2 = moto_services.backend("ec2", request.account_id, request.region)
        launch_templates.keep_up(ec2, place.state)
        place.agenda.catch_up(self._clock, self._chance, ec2)

    def _place(self, account_id: str, region: str) -> _Place:
        if (account_id, region) not in self._places:
            self._places[account_id, region] = _Place(self._drs.region(account_id, region).state)
        return self._places[account_id, region]

    def _observe(self, happening: Happening) -> None:
        event = happening.event
        match event:
            case InstanceChanged():
                self._instance_changed(self._place(happening.account_id, happening.region), event)
            case JobLogged() if event.event in _PHASES:
                _PHASES[event.event](self._place(happening.account_id, happening.region), event, self._clock.now_ms)
            case JobChanged() if event.status == "COMPLETED":
                _clean_up(self._place(happening.account_id, happening.region), event.job, self._clock.now_ms)

    def _instance_changed(self, place: _Place, event: InstanceChanged) -> None:
        state = place.state
        server, now_ms = state.servers.get(event.server), self._clock.now_ms
        if event.state == "PENDING" and server is not None:
            tags = instance_tags(server)
            place.agenda.note(now_ms, event.instance, partial(_launch, state, server, event.instance, tags))
        elif event.instance in state.instances and event.state in ("RUNNING", "STOPPED"):
            launched = state.instances[event.instance]
            place.agenda.note(now_ms, event.instance, partial(_go_on, state, launched, event.state, dict(launched.tags)))
        else:
            place.agenda.note(now_ms, event.instance, partial(_set_state, event.instance, event.state))


def _launch(state: RegionState, server: SourceServer, instance_id: str, tags: Mapping[str, str], ec2: Any) -> None:
    """A recovery instance appears; the launch makes and uses a version of the server's launch template."""
    found = ec2_objects.find(ec2, instance_id)
    if found is not None:  # the launch goes into an instance that exists
        ec2_objects.set_state(found, "pending")
        return
    recommended = source_properties(state, server)["recommendedInstanceType"]
    settings = launch_templates.use(ec2, server, str(recommended))
    new = NewInstance(
        instance_id,
        _image_id(instance_id),
        settings.type,
        {**settings.tags, **tags},
        server.platform == "windows",
        settings.subnet_id,
        settings.group_ids,
    )
    ec2_objects.set_state(ec2_objects.launch(ec2, new), "pending")


def _go_on(state: RegionState, launched: RecoveryInstance, ec2_state: str, tags: Mapping[str, str], ec2: Any) -> None:
    """A recovery instance has launched: it runs or is stopped, and has the volumes that DRS says."""
    instance = ec2_objects.find(ec2, launched.id)
    if instance is None:
        return
    if not instance.block_device_mapping:
        disks: list[dict[str, Any]] = describe(state, launched)["recoveryInstanceProperties"]["disks"]
        for place, disk in enumerate(disks):
            device = _ROOT_DEVICES[launched.server.platform] if place == 0 else _data_device(place - 1)
            ec2_objects.attach(ec2, instance, NewVolume(disk["ebsVolumeID"], disk["bytes"] // _GIB, device, tags))
    instance.add_tags(dict(tags))
    ec2_objects.set_state(instance, ec2_state.lower())
    knobs = state.settings.system_boot
    latency = knobs.windows if launched.server.platform == "windows" else knobs.linux
    seconds = latency.at(state.chance.stream("around.boot", launched.id).normal(0, 1))
    ec2_objects.boot(instance, state.clock.start + timedelta(milliseconds=launched.launched_ms, seconds=seconds))


def _set_state(instance_id: str, state: str, ec2: Any) -> None:
    instance = ec2_objects.find(ec2, instance_id)
    if instance is not None:
        ec2_objects.set_state(instance, state.lower())


def _begin_conversion(place: _Place, event: JobLogged, now_ms: int) -> None:
    if place.state.jobs[event.job].is_failback:  # that is done on the machine outside AWS
        return
    server = place.state.servers.get(event.server or "")
    participant = next(one for one in place.state.jobs[event.job].participants if one.server.id == event.server)
    if server is None or server.extension is not None:  # an extended server is converted in its staging account
        return
    identifier = identifiers.conversion_server_id(place.state.chance, server.id, participant.number)
    action = partial(_launch_converter, identifier, _disks(server), _temporary_tags(event.job, server.id))
    change = place.agenda.note(now_ms + CONVERSION_LEAD_MS, identifier, action)
    place.conversions[event.job, server.id] = change, identifier


def _end_conversion(place: _Place, event: JobLogged, now_ms: int) -> None:
    _stop_converter(place, (event.job, event.server or ""), now_ms)


def _stop_converter(place: _Place, key: tuple[str, str], now_ms: int) -> None:
    begun = place.conversions.pop(key, None)
    if begun is None:
        return
    change, identifier = begun
    if change.at_ms > now_ms:
        change.cancel()
    else:
        place.agenda.note(now_ms, identifier, partial(_set_state, identifier, "terminated"))


def _launch_converter(identifier: str, disks_gib: Sequence[int], tags: Mapping[str, str], ec2: Any) -> None:
    named = {"Name": "AWS Elastic Disaster Recovery Conversion Server", **tags}
    image = f"ami-0{identifiers.digits('image/conversion', 16)}"
    instance = ec2_objects.launch(ec2, NewInstance(identifier, image, CONVERSION_TYPE, named))
    ec2_objects.set_state(instance, "running")
    for device, size in (("/dev/sda1", 8), *((_data_device(disk), size) for disk, size in enumerate(disks_gib))):
        volume_id = f"vol-0{identifiers.digits(f'volume/{identifier}{device}', 16)}"
        ec2_objects.attach(ec2, instance, NewVolume(volume_id, size, device, tags))


def _take_snapshot(place: _Place, event: JobLogged, now_ms: int) -> None:
    server = place.state.servers.get(event.server or "")
    if server is None:
        return
    tags = _temporary_tags(event.job, server.id)
    for disk, size_gib in enumerate(_disks(server)):
        name = f"{server.id}/{disk}" if disk else server.id
        identifier = f"snap-0{identifiers.digits(f'temporary/{event.job}/{name}', 16)}"
        volume_id = f"vol-0{identifiers.digits(f'staging/{name}', 16)}"
        add = partial(_add_snapshot, identifier, volume_id, size_gib, tags)
        place.agenda.note(now_ms, identifier, add)
        place.temporary.setdefault(event.job, []).append((identifier, ec2_objects.delete_snapshot))


def _register_image(place: _Place, event: JobLogged, now_ms: int) -> None:
    """A new instance is launched from an image of its own."""
    server, job = place.state.servers.get(event.server or ""), place.state.jobs[event.job]
    if server is None or job.is_failback or launch_target(server) is not None:
        return
    participant = next(one for one in job.participants if one.server.id == event.server)
    identifier = _image_id(identifiers.instance_id(place.state.chance, server.key, participant.number))
    tags = _temporary_tags(event.job, server.id)
    add = partial(_add_image, identifier, f"drs-{server.id}-{event.job}", tags, server.platform == "windows")
    place.agenda.note(now_ms, identifier, add)
    place.temporary.setdefault(event.job, []).append((identifier, ec2_objects.delete_image))


def _image_id(instance_id: str) -> str:
    return f"ami-0{identifiers.digits(f'image/{instance_id}', 16)}"


def _add_image(identifier: str, name: str, tags: Mapping[str, str], is_windows: bool, ec2: Any) -> None:
    if identifier not in ec2.amis:  # an attempt after one that failed
        ec2_objects.add_image(ec2, identifier, name, tags, is_windows=is_windows)


def _clean_up(place: _Place, job: str, now_ms: int) -> None:
    """A job that has ended leaves nothing temporary behind."""
    for key in [key for key in place.conversions if key[0] == job]:
        _stop_converter(place, key, now_ms)
    for identifier, delete in place.temporary.pop(job, ()):
        place.agenda.note(now_ms, identifier, partial(_delete, delete, identifier))


def _add_snapshot(identifier: str, volume_id: str, size_gib: int, tags: Mapping[str, str], ec2: Any) -> None:
    ec2_objects.add_snapshot(ec2, identifier, volume_id, size_gib, tags)


def _delete(delete: Callable[[Any, str], None], identifier: str, ec2: Any) -> None:
    delete(ec2, identifier)


def _data_device(number: int) -> str:
    """The name of a disk that no system boots from, counted from 0: /dev/sdf to /dev/sdz, then /dev/xvdbf and so on."""
    row, column = divmod(number, len(_LETTERS))
    return f"/dev/xvd{chr(ord('a') + row)}{_LETTERS[column]}" if row else f"/dev/sd{_LETTERS[column]}"


def _disks(server: SourceServer) -> Sequence[int]:
    return server.disks_gib or (server.volume_gib,)


def _temporary_tags(job: str, server: str) -> Mapping[str, str]:
    return {**MANAGED, "drs.amazonaws.com-job": job, "drs.amazonaws.com-source-server": server}


_PHASES: Mapping[str, Callable[[_Place, JobLogged, int], None]] = {
    "SNAPSHOT_END": _take_snapshot,
    "CONVERSION_START": _begin_conversion,
    "CONVERSION_END": _end_conversion,
    "CONVERSION_FAIL": _end_conversion,
    "LAUNCH_START": _register_image,
}
