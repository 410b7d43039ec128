"""Jobs that build source networks anew: a CloudFormation stack each, then the launch templates of the servers in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from simulator.drs import identifiers
from simulator.drs.model import LAUNCH_STATUSES, Job, step
from simulator.drs.network_replication import take_fault, template
from simulator.drs.networks import RECOVERY_RESULTS, LastRecovery, ParticipatingNetwork, SourceNetwork
from simulator.drs.settings import Distribution
from simulator.drs.state import RegionState
from simulator.journal import NetworkRecovered, NetworkStackDeployed

# What a network's stack goes through, by the first part of the log's events; ASSOCIATE only uses one that is there.
DEPLOY, UPDATE = "DEPLOY_NETWORK_CONFIGURATION", "UPDATE_NETWORK_CONFIGURATION"
TEMPLATES = "UPDATE_LAUNCH_TEMPLATE"
_ACTIONS: Mapping[str, str] = {DEPLOY: "CREATE", UPDATE: "UPDATE"}


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a network's part in a job ends: its launchStatus, and the result of a recovery and of an association."""

    launch_status: str
    recovery: str
    association: str


_SUCCESS = _Ending("LAUNCHED", "SUCCESS", "ASSOCIATE_SUCCESS")
_PARTIAL = _Ending("LAUNCHED", "PARTIAL_SUCCESS", "ASSOCIATE_FAIL")
_FAILURE = _Ending("FAILED", "FAIL", "ASSOCIATE_FAIL")


def plan(network: SourceNetwork, stack: str | None, *, as_new: bool) -> ParticipatingNetwork:
    """What a recovery does with a network: update its stack, or deploy one of that name, or of a name of its own."""
    if stack is None and (as_new or network.stack is None):
        stack = _free_name(network)
    chosen = stack or network.stack
    assert chosen is not None
    return ParticipatingNetwork(network, chosen, UPDATE if chosen in network.stacks else DEPLOY)


def new_job(state: RegionState, initiated_by: str, members: Sequence[ParticipatingNetwork], tags: Mapping[str, str]) -> Job:
    """A job that is created now, for networks that no other job works on."""
    for member in members:
        member.network.jobs += 1
    first = min(members, key=lambda member: member.network.id).network
    key = f"{first.id}/{first.jobs}"
    identifier = identifiers.job_id(state.chance, state.digit, key)
    job = Job(
        identifier,
        state.arn("job", identifier),
        key,
        next(state.numbers),
        "LAUNCH",
        initiated_by,
        state.clock.now_ms,
        (),
        dict(tags),
        networks=tuple(members),
    )
    state.jobs[identifier] = state.active_jobs[identifier] = job
    for member in members:
        member.network.last_recovery = LastRecovery(state.clock.now_ms, identifier)
        _set_result(state, member.network, "IN_PROGRESS")
    return job


def is_held(state: RegionState, network: SourceNetwork) -> bool:
    """Whether a job works on a network."""
    return any(member.network is network for job in state.active_jobs.values() for member in job.networks)


def begin(state: RegionState, job: Job, complete: Callable[[], None]) -> None:
    """Let a job do its work, each network for itself; `complete` is called when the last one has ended."""
    _Recovery(state, job, complete).begin()


class _Recovery:
    """A job that recovers networks, as it runs."""

    def __init__(self, state: RegionState, job: Job, complete: Callable[[], None]) -> None:
        self._state, self._job, self._complete = state, job, complete
        self._left = len(job.networks)

    def begin(self) -> None:
        for member in self._job.networks:
            if member.event is None:
                self._associate(member)
            else:
                self._log(f"{member.event}_START", member)
                takes = self._state.settings.networking.deployment
                self._later(takes, "deployment", member, partial(self._deploy, member, member.event))

    def _deploy(self, member: ParticipatingNetwork, event: str) -> None:
        reason = take_fault(self._state, member.network, "DEPLOYMENT")
        if reason is not None:
            self._fail(member, f"{event}_FAILED", reason, _FAILURE)
            return
        network = member.network
        if member.stack not in network.stacks:
            network.stacks[member.stack] = f"vpc-0{identifiers.digits(f'{network.id}/{member.stack}', 16)}"
        network.stack = member.stack
        vpc = network.stacks[member.stack]
        self._log(f"{event}_END", member)
        self._state.tell(
            NetworkStackDeployed(network.id, self._job.id, _ACTIONS[event], member.stack, vpc, template(network))
        )
        self._update_templates(member)

    def _associate(self, member: ParticipatingNetwork) -> None:
        if member.stack in member.network.stacks:
            self._update_templates(member)
        else:
            reason = f"Stack with id {member.stack} does not exist"
            self._fail(member, "NETWORK_RECOVERY_FAIL", reason, _FAILURE)

    def _update_templates(self, member: ParticipatingNetwork) -> None:
        self._log(f"{TEMPLATES}_START", member)
        takes = self._state.settings.networking.launch_templates
        self._later(takes, "templates", member, partial(self._end_templates, member))

    def _end_templates(self, member: ParticipatingNetwork) -> None:
        reason = take_fault(self._state, member.network, "LAUNCH_TEMPLATES")
        if reason is not None:
            self._fail(member, f"{TEMPLATES}_FAILED", reason, _PARTIAL)
            return
        member.network.stack = member.stack
        self._log(f"{TEMPLATES}_END", member)
        self._end(member, _SUCCESS)

    def _fail(self, member: ParticipatingNetwork, event: str, reason: str, ending: _Ending) -> None:
        self._log(event, member, reason)
        if event != "NETWORK_RECOVERY_FAIL":
            self._log("NETWORK_RECOVERY_FAIL", member, reason)
        self._end(member, ending)

    def _end(self, member: ParticipatingNetwork, ending: _Ending) -> None:
        member.launch_status = step(LAUNCH_STATUSES, member.launch_status, ending.launch_status)
        result = ending.association if member.event is None else ending.recovery
        _set_result(self._state, member.network, result)
        self._left -= 1
        if not self._left:
            self._complete()

    def _log(self, event: str, member: ParticipatingNetwork, reason: str | None = None) -> None:
        network = member.network
        data = {"sourceNetworkID": network.id, "sourceVpc": network.vpc_id, "stackName": member.stack}
        if member.stack in network.stacks:
            data["targetVpc"] = network.stacks[member.stack]
        self._state.log(self._job, event, rawError=reason, eventResourceData={"sourceNetworkData": data})

    def _later(self, latency: Distribution, what: str, member: ParticipatingNetwork, action: Callable[[], None]) -> None:
        takes_ms = self._state.lag_ms(latency, "drs.network", f"{self._job.key}/{member.network.id}/{what}")
        self._state.clock.call_after(takes_ms, action)


def _set_result(state: RegionState, network: SourceNetwork, result: str) -> None:
    recovery = network.last_recovery
    assert recovery is not None
    recovery.result = step(RECOVERY_RESULTS, recovery.result, result)
    state.tell(NetworkRecovered(network.id, recovery.job_id, result))


def _free_name(network: SourceNetwork) -> str:
    """A name for a network's next stack that none of its stacks has."""
    names = (f"drs-{network.id}{f'-{place}' if place > 1 else ''}" for place in range(1, len(network.stacks) + 2))
    return next(name for name in names if name not in network.stacks)
