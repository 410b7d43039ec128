"""What DRS keeps in one account and Region, and the few ways in which it changes. Every change is told to the journal."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

from simulator.clock import VirtualClock
from simulator.drs import identifiers
from simulator.drs.action_runner import ActionRunner
from simulator.drs.failback import OutsideInstance
from simulator.drs.faults import ActionFaults, ServerFaults
from simulator.drs.happenings import Happening, Observer, ServiceEvent
from simulator.drs.model import (
    INSTANCE_STATES,
    JOB_STATUSES,
    LAUNCH_STATUSES,
    REPLICATION_STATES,
    Job,
    LogItem,
    Participant,
    RecoveryInstance,
    Replication,
    Snapshots,
    SourceServer,
    step,
)
from simulator.drs.networks import SourceNetwork
from simulator.drs.recovery_plans.model import RecoveryPlans
from simulator.drs.replication_faults import ReplicationFaults
from simulator.drs.settings import Distribution, Settings
from simulator.drs.staleness import Staleness
from simulator.drs.template import Template
from simulator.journal import (
    InstanceChanged,
    JobChanged,
    JobLogged,
    Journal,
    LaunchStatusChanged,
    RecoveryPointUsed,
    ReplicationChanged,
)
from simulator.rng import Chance

# The tag of everything that the service makes in EC2.
MANAGED: Mapping[str, str] = {"AWSElasticDisasterRecoveryManaged": "drs.amazonaws.com"}


def instance_tags(server: SourceServer) -> dict[str, str]:
    """The tags of the instance that a server's launch makes."""
    configuration = server.launch_configuration
    copied = server.tags if configuration["copyTags"] else {}
    own = {"AWSElasticDisasterRecoverySourceServerID": server.id, "Name": configuration["name"]}
    return {**copied, **MANAGED, **own}


class RegionState:
    """The records of one account and Region. `holders` maps a server's id to the active job that holds it."""

    def __init__(
        self,
        account_id: str,
        name: str,
        clock: VirtualClock,
        chance: Chance,
        journal: Journal,
        settings: Settings,
        observers: Iterable[Observer] = (),
        reach: "Callable[[str, str], RegionState] | None" = None,
    ) -> None:
        self.account_id, self.name, self.settings = account_id, name, settings
        self.digit = settings.region_digits.get(name) or identifiers.region_digit(name)  # the first one of ids here
        self.clock, self.chance, self.journal = clock, chance, journal
        self.is_initialized = False
        self.servers: dict[str, SourceServer] = {}
        self.jobs: dict[str, Job] = {}
        self.active_jobs: dict[str, Job] = {}
        self.holders: dict[str, Job] = {}
        self.instances: dict[str, RecoveryInstance] = {}
        self.faults = ServerFaults()
        self.action_faults = ActionFaults()
        self.action_runner: ActionRunner | None = None
        self.replication_faults = ReplicationFaults()
        self.replication_templates: dict[str, Template] = {}
        self.launch_templates: dict[str, Template] = {}
        self.shared_disks = 0  # staging disks on replication servers that source servers share
        self.extended: dict[str, list[tuple[RegionState, SourceServer]]] = {}  # by server here, what stands for it
        self.stale = Staleness()
        self.networks: dict[str, SourceNetwork] = {}
        self.network_births: Counter[str] = Counter()
        self.plans = RecoveryPlans()
        self.outside: dict[str, OutsideInstance] = {}  # EC2 instances that DRS did not launch, as far as it was told of them
        self.distrusted: set[str] = set()  # accounts that may not extend servers from here
        self.replicating: set[str] = set()  # the servers that count as replicating here
        self._past_jobs: dict[str, Counter[str]] = {}  # of servers that were deleted
        self._reach = reach
        self._observers = observers
        self.numbers = count(1)  # every record has its own, rising

    def elsewhere(self, account_id: str, region: str) -> "RegionState":
        """DRS in another account and Region of the same world."""
        assert self._reach is not None
        return self._reach(account_id, region)

    def add_server(self, server: SourceServer) -> None:
        """Keep a new source server; one that was here before goes on counting its jobs."""
        server.jobs = self._past_jobs.pop(server.id, server.jobs)
        self.servers[server.id] = server
        self._count(server)

    def remove_server(self, server: SourceServer) -> None:
        """Forget a source server."""
        self._past_jobs[server.id] = server.jobs
        del self.servers[server.id]
        self.replicating.discard(server.id)

    def arn(self, kind: str, identifier: str) -> str:
        """The ARN of a resource here."""
        return identifiers.arn(self.account_id, self.name, kind, identifier)

    def server_id(self, name: str) -> str:
        """The id of the source server with a name here, whether or not there is one."""
        return identifiers.server_id(self.account_id, self.name, name, self.digit)

    def instant(self, at_ms: int) -> str:
        """An instant of the run as the API shows it."""
        shown = identifiers.instant(self.clock.start + timedelta(milliseconds=at_ms))
        return shown if self.settings.instants == "offset" else shown.replace("+00:00", "Z")

    def luck(self, component: str, entity: str) -> float:
        """A standard normal draw that belongs to one entity alone."""
        return self.chance.stream(component, entity).normal(0, 1)

    def server_named(self, name_or_id: str) -> SourceServer:
        """A source server by its id or its name. Raises ValueError if there is none."""
        by_name = self.servers.get(self.server_id(name_or_id))
        server = self.servers.get(name_or_id, by_name)
        if server is None:  # an extended server's id does not follow from its name
            server = next((one for one in self.servers.values() if one.extension and one.name == name_or_id), None)
        if server is None:
            raise ValueError(f"there is no source server {name_or_id!r} among the {len(self.servers)} in {self.name}")
        return server

    def staged(self, server: SourceServer) -> SourceServer:
        """The server that is replicated: of an extended server, the one in the staging account."""
        extension = server.extension
        if extension is None:
            return server
        return self.elsewhere(extension.account_id, self.name).servers.get(extension.server_id, server)

    def new_job(
        self,
        type_: str,
        initiated_by: str,
        members: Sequence[tuple[SourceServer, Mapping[str, Any]]],
        tags: Mapping[str, str],
    ) -> Job:
        """A job that is created now and holds its servers from now on.

        `members` are the servers with what their `Participant` says beyond the defaults. The job is named by the first of
        its servers in the order of names, and by how often that one was in a job of this kind: so no other job changes its
        id or its luck.
        """
        kind = type_ if initiated_by != "DIAGNOSTIC" else initiated_by
        participants = tuple(self._participant(kind, server, more) for server, more in members)
        first = min(participants, key=lambda participant: participant.server.name)
        key = f"{first.server.key}/{kind}/{first.number}"
        identifier = identifiers.job_id(self.chance, self.digit, key)
        job = Job(
            identifier,
            self.arn("job", identifier),
            key,
            next(self.numbers),
            type_,
            initiated_by,
            self.clock.now_ms,
            participants,
            dict(tags),
        )
        self.jobs[identifier] = self.active_jobs[identifier] = job
        for participant in participants:
            assert participant.server.id not in self.holders, f"{participant.server.id} is in a job already"
            self.holders[participant.server.id] = job
        return job

    def set_job_status(self, job: Job, status: str) -> None:
        """Let a job go on; one that ends lets its servers go."""
        self.stale.note(("job", job.id), job.status, self.clock.now_ms)
        job.status = step(JOB_STATUSES, job.status, status)
        if not job.is_active:
            job.ended_ms = self.clock.now_ms
            del self.active_jobs[job.id]
            for participant in job.participants:
                del self.holders[participant.server.id]
        self.note_job(job)

    def note_job(self, job: Job) -> None:
        """Tell how a job stands."""
        servers = [participant.server.id for participant in job.participants]
        self.tell(JobChanged(job.id, job.type, job.initiated_by, job.status, servers))

    def log(self, job: Job, event: str, participant: Participant | None = None, **data: Any) -> None:
        """Add an item to a job's log; members of `data` that are None are left out."""
        told = {name: value for name, value in data.items() if value is not None}
        server = None if participant is None else participant.server.id
        if server is not None:
            told = {"sourceServerID": server} | told
        lag_ms = self.lag_ms(self.settings.log_lag, "drs.log", f"{job.key}/{len(job.log)}")
        visible_ms = max(self.clock.now_ms + lag_ms, job.log[-1].visible_ms if job.log else 0)
        job.log.append(LogItem(self.clock.now_ms, visible_ms, event, told))
        self.tell(JobLogged(job.id, event, server, told))

    def set_launch_status(self, job: Job, participant: Participant, status: str) -> None:
        """Let a server's part in a job go on."""
        self.stale.note(("launch", job.id, participant.server.id), participant.launch_status, self.clock.now_ms)
        participant.launch_status = step(LAUNCH_STATUSES, participant.launch_status, status)
        launch = participant.server.last_launch
        if launch is not None and launch.job_id == job.id:
            launch.status = status
        self.tell(LaunchStatusChanged(job.id, participant.server.id, status))

    def add_instance(self, job: Job, participant: Participant, state: str) -> RecoveryInstance:
        """The record of an instance that a job has launched, in its EC2 state."""
        assert participant.instance_id is not None
        assert participant.data_ms is not None
        server, identifier = participant.server, participant.instance_id
        now_ms = self.clock.now_ms
        instance = RecoveryInstance(
            identifier,
            self.arn("recovery-instance", identifier),
            next(self.numbers),
            server,
            job.id,
            job.is_drill,
            step(INSTANCE_STATES, "PENDING", state),
            participant.data_ms,
            now_ms,
            now_ms + self.lag_ms(self.settings.instance_lag, "drs.visible", identifier) + self.stale.lag_at(now_ms),
            instance_tags(server),
        )
        self.instances.pop(identifier, None)  # a launch into the instance of an earlier one
        self.instances[identifier] = instance
        server.recovery_instance_id = identifier
        self.tell(InstanceChanged(identifier, server.id, job.id, instance.state))
        self.tell(RecoveryPointUsed(job.id, server.id, participant.data_ms))
        return instance

    def forget_instance(self, instance: RecoveryInstance) -> None:
        """Delete a recovery instance's record. What became of it in EC2 still matters to launches into it."""
        del self.instances[instance.id]
        self.outside[instance.id] = OutsideInstance(instance.state)
        if instance.server.recovery_instance_id == instance.id:
            instance.server.recovery_instance_id = None

    def set_instance_state(self, instance: RecoveryInstance, job: Job, state: str) -> None:
        """Let a recovery instance go on in EC2; the record of one that is terminated vanishes."""
        self.stale.note(("instance", instance.id), instance.state, self.clock.now_ms)
        instance.state = step(INSTANCE_STATES, instance.state, state)
        if state == "TERMINATED":
            self.forget_instance(instance)
        self.tell(InstanceChanged(instance.id, instance.server.id, job.id, state))

    def set_replication(self, server: SourceServer, state: str, error: str | None, raw_error: str | None) -> None:
        """Let a server's replication go on in another state, or in the same one with another error."""
        before, now_ms = server.replication, self.clock.now_ms
        if state != before.state:
            match REPLICATION_STATES[before.state]:
                case Snapshots.KEPT:
                    server.snapshot_gaps.append((before.since_ms, now_ms))
                case Snapshots.NOT_YET | Snapshots.DELETED:
                    server.snapshots_from_ms = now_ms
        since_ms = before.since_ms if state == before.state else now_ms
        server.replication = Replication(state, since_ms, error, raw_error)
        self._count(server)
        self.tell(ReplicationChanged(server.id, state, error))
        for elsewhere, extended in self.extended.get(server.id, ()):
            extended.replication = server.replication
            elsewhere.tell(ReplicationChanged(extended.id, state, error))

    def _count(self, server: SourceServer) -> None:
        """Note whether a server replicates; an extended one does so in another account."""
        if server.extension is None and server.replication.state not in ("STOPPED", "DISCONNECTED"):
            self.replicating.add(server.id)
        else:
            self.replicating.discard(server.id)

    def lag_ms(self, lag: Distribution, component: str, entity: str) -> int:
        """How long something stays unseen."""
        return round(lag.at(0 if lag.is_constant else self.luck(component, entity)) * 1000)

    def tell(self, event: ServiceEvent) -> None:
        """Note an event in the journal, and tell those who watch."""
        self.journal.record(event)
        for observer in self._observers:
            observer(Happening(self.account_id, self.name, event))

    @staticmethod
    def _participant(kind: str, server: SourceServer, more: Mapping[str, Any]) -> Participant:
        server.jobs[kind] += 1
        return Participant(server, server.jobs[kind], **more)
