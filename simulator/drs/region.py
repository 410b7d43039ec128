"""DRS in one account and Region: what it keeps, and the Python side for setting a stage and breaking things."""

from collections.abc import Iterator, Mapping

from simulator.clock import VirtualClock
from simulator.drs import identifiers
from simulator.drs.faults import OUTCOMES, PHASES, ServerFault, ServerFaults
from simulator.drs.jobs import JobRunner
from simulator.drs.model import SNAPSHOT_BY_REPLICATION, Job, Participant, RecoveryInstance, SourceServer
from simulator.drs.settings import Settings
from simulator.journal import Journal
from simulator.rng import Chance


class Region:
    """The state of the service in one account and Region."""

    def __init__(
        self, account_id: str, region: str, clock: VirtualClock, chance: Chance, journal: Journal, settings: Settings
    ) -> None:
        self.account_id, self.name, self.settings = account_id, region, settings
        self.clock, self.chance, self.journal = clock, chance, journal
        self.is_initialized = False
        self.servers: dict[str, SourceServer] = {}
        self.jobs: dict[str, Job] = {}
        self.instances: dict[str, RecoveryInstance] = {}
        self.faults = ServerFaults()
        self.runner = JobRunner(clock, chance, journal, settings, self.faults, self._launched, self._terminated)

    def initialize(self) -> None:
        """Set DRS up, as InitializeService does; doing it again changes nothing."""
        self.is_initialized = True

    def add_source_server(
        self,
        name: str,
        *,
        profile: str = "linux-direct",
        tags: Mapping[str, str] | None = None,
        volume_gib: int = 8,
        replication_state: str = "CONTINUOUS",
    ) -> SourceServer:
        """A server that already replicates. Its id depends on account, Region and name only.

        Raises ValueError for a name that is taken, or a profile or state that does not exist.
        """
        identifier = identifiers.server_id(self.account_id, self.name, name)
        if identifier in self.servers:
            raise ValueError(f"there is a source server {name!r} already")
        if profile not in self.settings.profiles:
            raise ValueError(f"there is no latency profile {profile!r}: {', '.join(self.settings.profiles)}")
        if replication_state not in SNAPSHOT_BY_REPLICATION:
            raise ValueError(f"there is no replication state {replication_state!r}")
        server = SourceServer(
            identifier,
            self.arn("source-server", identifier),
            name,
            profile,
            volume_gib,
            replication_state,
            identifiers.instant(self.clock.now()),
            {"Name": name, **(tags or {})},
            _launch_configuration(identifier, name),
        )
        self.servers[identifier] = server
        return server

    def inject(self, fault: ServerFault) -> None:
        """Let a server's recovery go wrong. Raises ValueError for a server, phase or outcome that does not exist."""
        if fault.phase not in PHASES or fault.outcome not in OUTCOMES:
            raise ValueError(f"a fault has a phase of {', '.join(PHASES)} and an outcome of {', '.join(OUTCOMES)}")
        self.faults.add(self._server_called(fault.server).id, fault)

    def occupy(self, server: str, from_ms: int, for_ms: int, fault_id: str) -> None:
        """Let another job hold a server (by name or id) from an instant of the run, for a time.

        If the server is in a job by then, nothing happens. Raises ValueError for a server that does not exist.
        """
        held = self._server_called(server)

        def begin() -> None:
            if self.active_job_of(held.id) is None:
                job = self.new_job("LAUNCH", "DIAGNOSTIC", [Participant(held)], {})
                job.fault = fault_id
                self.runner.hold(job, for_ms)

        self.clock.call_at(from_ms, begin)

    def new_job(self, type_: str, initiated_by: str, participants: list[Participant], tags: dict[str, str]) -> Job:
        """A job that is created now and not yet started."""
        identifier = identifiers.job_id(self.chance, self.account_id, self.name, len(self.jobs) + 1)
        now = identifiers.instant(self.clock.now())
        job = Job(identifier, self.arn("job", identifier), type_, initiated_by, now, participants, tags)
        self.jobs[identifier] = job
        return job

    def active_jobs(self) -> Iterator[Job]:
        """The jobs that have not ended."""
        return (job for job in self.jobs.values() if job.is_active)

    def active_job_of(self, server_id: str) -> Job | None:
        """The job that holds a server, or None."""
        return next((job for job in self.active_jobs() if any(p.server.id == server_id for p in job.participants)), None)

    def arn(self, kind: str, identifier: str) -> str:
        """The ARN of a resource here."""
        return identifiers.arn(self.account_id, self.name, kind, identifier)

    def _server_called(self, name_or_id: str) -> SourceServer:
        found = [server for server in self.servers.values() if name_or_id in (server.id, server.name)]
        if not found:
            raise ValueError(f"there is no source server {name_or_id!r}")
        return found[0]

    def _launched(self, job: Job, participant: Participant) -> RecoveryInstance:
        server, identifier = participant.server, participant.instance_id or ""
        disposition = server.launch_configuration["launchDisposition"]
        instance = RecoveryInstance(
            identifier,
            self.arn("recovery-instance", identifier),
            server,
            job.id,
            job.initiated_by == "START_DRILL",
            "STOPPED" if disposition == "STOPPED" else "RUNNING",
            job.created_at,
            {"AWSElasticDisasterRecoveryManaged": "drs.amazonaws.com"},
        )
        self.instances[identifier] = instance
        server.recovery_instance_id = identifier
        return instance

    def _terminated(self, instance_id: str) -> None:
        instance = self.instances.pop(instance_id, None)
        if instance is not None and instance.server.recovery_instance_id == instance_id:
            instance.server.recovery_instance_id = None


def _launch_configuration(server_id: str, name: str) -> dict[str, object]:
    return {
        "sourceServerID": server_id,
        "name": name,
        "ec2LaunchTemplateID": f"lt-0{server_id[3:]}",
        "launchDisposition": "STARTED",
        "targetInstanceTypeRightSizingMethod": "BASIC",
        "copyPrivateIp": False,
        "copyTags": False,
        "licensing": {"osByol": False},
        "postLaunchEnabled": False,
    }
