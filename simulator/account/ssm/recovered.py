"""What DRS has recovered, as Systems Manager comes to know it: some time after its launch the agent in it reports."""

from simulator.account.ssm.instances import ManagedInstances
from simulator.clock import VirtualClock
from simulator.drs.model import RecoveryInstance
from simulator.drs.service import DrsService
from simulator.drs.settings import Distribution
from simulator.rng import Chance

_PLATFORMS = {"linux": "Linux", "windows": "Windows"}


class Recovered:
    """Keeps managed instances in step with the recovery instances of their account and Region."""

    def __init__(self, clock: VirtualClock, chance: Chance, drs: DrsService) -> None:
        self._clock, self._chance, self._drs = clock, chance, drs

    def look(self, account_id: str, region: str, managed: ManagedInstances) -> None:
        """Let managed instances be as they are at this moment. Nobody waits for agents, so that none keeps a run going."""
        state = self._drs.region(account_id, region).state
        for instance in state.instances.values():
            if instance.id not in managed.by_id and self._has_reported(instance, state.settings.launch_actions.discovery):
                managed.add(instance.id, self._clock.now_ms)
                managed.recovered.add(instance.id)
        for identifier in managed.recovered:
            found = state.instances.get(identifier)
            one = managed.by_id[identifier]
            one.ping = "Online" if found is not None and found.state == "RUNNING" else "ConnectionLost"
            if found is not None:
                one.name, one.platform = found.server.name, _PLATFORMS[found.server.platform]
                one.tags = dict(found.tags)

    def _has_reported(self, instance: RecoveryInstance, discovery: Distribution) -> bool:
        """Whether the agent has; where launch actions run, DRS itself waits for it, and knows."""
        if instance.state != "RUNNING" or instance.server.launch_configuration["postLaunchEnabled"]:
            return False
        started_ms = instance.failback.booted_ms or instance.launched_ms
        luck = self._chance.stream("ssm.discovery", instance.id).normal(0, 1)
        return self._clock.now_ms >= started_ms + round(discovery.at(luck) * 1000)
