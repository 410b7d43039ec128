"""What others do to instances in EC2, as DRS notices it: when it is next asked for something that depends on them."""

from collections.abc import Mapping
from typing import Any

from simulator.account import moto_services
from simulator.account.around_drs.ec2_mirror import Ec2Mirror
from simulator.account.wire import Decoded
from simulator.drs.failback import OutsideInstance
from simulator.drs.region import Region
from simulator.drs.service import DrsService
from simulator.drs.state import MANAGED

# The operations that depend on how instances are in EC2.
_DEPENDENT = frozenset({
    "DescribeRecoveryInstances", "ReverseReplication", "StartFailbackLaunch", "StartRecovery", "TerminateRecoveryInstances",
})  # fmt: skip
# From the state of a recovery instance to what EC2 says, the steps that it has taken meanwhile.
_STEPS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("RUNNING", "stopping"): ("STOPPING",),
    ("RUNNING", "stopped"): ("STOPPING", "STOPPED"),
    ("STOPPING", "stopped"): ("STOPPED",),
    ("STOPPED", "running"): ("RUNNING",),
    ("RUNNING", "terminated"): ("TERMINATED",),
    ("STOPPING", "terminated"): ("TERMINATED",),
    ("STOPPED", "terminated"): ("TERMINATED",),
}
_TAG = ("AWSDRS", "AllowLaunchingIntoThisInstance")


class Ec2Witness:
    """Tells DRS of instances that were started, stopped, terminated or tagged through EC2 itself."""

    def __init__(self, drs: DrsService, mirror: Ec2Mirror) -> None:
        self._drs, self._mirror = drs, mirror

    def look(self, request: Decoded) -> None:
        """Tell DRS what has changed, before it answers a request. Where nobody has used EC2, nothing has."""
        if request.operation not in _DEPENDENT or not self._mirror.was_asked(request):
            return
        self._mirror.catch_up(request)  # what DRS itself does is no news to it
        region = self._drs.region(request.account_id, request.region)
        ec2 = moto_services.backend("ec2", request.account_id, request.region)
        for reservation in ec2.reservations.values():
            for instance in reservation.instances:
                _tell(region, instance)


def _tell(region: Region, instance: Any) -> None:
    own = region.state.instances.get(instance.id)
    if own is not None:
        for following in _STEPS.get((own.state, instance.state), ()):
            region.set_ec2_state(instance.id, following)
        return
    tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
    known = region.state.outside.get(instance.id)
    if known is None and MANAGED.keys() & tags.keys():  # DRS is about to launch it, or converts with it
        return
    now = OutsideInstance(instance.state.upper(), tags.get(_TAG[0]) == _TAG[1])
    if now != known:
        region.set_ec2_state(instance.id, now.state, allows_launch=now.allows_launch)
