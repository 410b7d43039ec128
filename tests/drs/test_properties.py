"""Whatever is asked of the service in whatever order, nobody ever sees a state that cannot be."""

from collections.abc import Mapping
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from simulator.drs.faults import OUTCOMES, PHASES, ServerFault
from simulator.drs.model import REPLICATION_STATES
from simulator.drs.settings import Distribution, Quotas, Settings
from simulator.errors import ServiceError
from tests.drs.world import World

NAMES = ("a", "b", "c", "d", "e", "f")
QUOTAS = Quotas(servers_per_job=3, servers_in_jobs=5, jobs_in_progress=3)
REFUSALS = {"ConflictException", "ServiceQuotaExceededException", "ResourceNotFoundException"}
NEXT_JOB = {None: {"PENDING"}, "PENDING": {"STARTED"}, "STARTED": {"COMPLETED"}}
NEXT_LAUNCH = {
    None: {"PENDING"},
    "PENDING": {"IN_PROGRESS", "LAUNCHED", "FAILED", "TERMINATED"},
    "IN_PROGRESS": {"LAUNCHED", "FAILED"},
}
NEXT_INSTANCE = {
    None: {"PENDING"},
    "PENDING": {"RUNNING", "STOPPED", "TERMINATED"},
    "RUNNING": {"SHUTTING-DOWN"},
    "STOPPED": {"SHUTTING-DOWN"},
    "SHUTTING-DOWN": {"TERMINATED"},
}
names = st.sampled_from(NAMES)


class AnyOrder(RuleBasedStateMachine):
    """Random calls and mishaps, with looks at everything the API shows in between."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.settings())
        self.servers = dict(zip(NAMES, self.world.add(*NAMES), strict=True))
        self.read = 0
        self.steps: dict[tuple[str, str], str | None] = {}
        self.seen: dict[str, str] = {}

    def settings(self) -> Settings:
        return Settings(quotas=QUOTAS, rates=None)

    @rule(asked=st.lists(names, min_size=1, max_size=4), is_drill=st.booleans(), chosen=st.booleans())
    def recover(self, asked: list[str], is_drill: bool, chosen: bool) -> None:
        entries = [{"sourceServerID": self.servers[name].id} | self.snapshot(name, chosen) for name in asked]
        self.ask("StartRecovery", sourceServers=entries, isDrill=is_drill)

    def snapshot(self, name: str, chosen: bool) -> dict[str, str]:
        kept = self.world.call("DescribeRecoverySnapshots", sourceServerID=self.servers[name].id)["items"]
        return {"recoverySnapshotID": kept[0]["snapshotID"]} if chosen and kept else {}

    @rule(count=st.integers(1, 3))
    def terminate(self, count: int) -> None:
        instances = [instance["recoveryInstanceID"] for instance in self.world.instances()][:count]
        if instances:
            self.ask("TerminateRecoveryInstances", recoveryInstanceIDs=instances)

    @rule(seconds=st.sampled_from((0.1, 1, 60, 400, 4000)))
    def pass_time(self, seconds: float) -> None:
        self.world.pass_seconds(seconds)

    @rule(name=names, phase=st.sampled_from(PHASES), outcome=st.sampled_from(sorted(OUTCOMES)), times=st.integers(1, 2))
    def break_something(self, name: str, phase: str, outcome: str, times: int) -> None:
        if phase in OUTCOMES[outcome][1] and outcome != "HANG":
            self.world.region.inject(ServerFault("fault", name, phase, outcome, times=times))

    @rule(name=names)
    def hang(self, name: str) -> None:
        self.world.region.inject(ServerFault("hang", name, "CONVERSION", "HANG", times=1))

    @rule(name=names, in_seconds=st.integers(0, 100), for_seconds=st.integers(0, 1000))
    def occupy(self, name: str, in_seconds: int, for_seconds: int) -> None:
        self.world.region.occupy(name, self.world.clock.now_ms + in_seconds * 1000, for_seconds * 1000, "busy")

    @rule(name=names, state=st.sampled_from(sorted(REPLICATION_STATES)))
    def replicate(self, name: str, state: str) -> None:
        self.world.region.set_replication_state(name, state)

    @rule(name=names, disposition=st.sampled_from(("STARTED", "STOPPED")))
    def configure(self, name: str, disposition: str) -> None:
        self.ask("UpdateLaunchConfiguration", sourceServerID=self.servers[name].id, launchDisposition=disposition)

    @rule(place=st.integers(0, 5))
    def delete_a_job(self, place: int) -> None:
        jobs = self.world.call("DescribeJobs")["items"]
        if place < len(jobs):
            self.ask("DeleteJob", jobID=jobs[place]["jobID"])
            self.seen.pop(jobs[place]["jobID"], None)

    def ask(self, operation: str, **request: Any) -> None:
        try:
            self.world.call(operation, **request)
        except ServiceError as error:
            assert error.code in REFUSALS  # noqa: PT017

    @invariant()
    def jobs_are_as_they_can_be(self) -> None:
        jobs = self.world.call("DescribeJobs")["items"]
        assert self.world.call("DescribeJobs")["items"] == jobs  # looking changes nothing
        active = [job for job in jobs if job["status"] != "COMPLETED"]
        held = [one["sourceServerID"] for job in active for one in job["participatingServers"]]
        assert len(held) == len(set(held))
        asked_for = [job for job in active if job["initiatedBy"] != "DIAGNOSTIC"]  # occupying a server asks for no quota
        assert len(asked_for) <= QUOTAS.jobs_in_progress
        assert sum(len(job["participatingServers"]) for job in asked_for) <= QUOTAS.servers_in_jobs
        for job in jobs:
            self.job_is_as_it_can_be(job)
            self.log_is_as_it_can_be(job)

    def job_is_as_it_can_be(self, job: Mapping[str, Any]) -> None:
        order = ("PENDING", "STARTED", "COMPLETED")
        assert order.index(self.seen.get(job["jobID"], "PENDING")) <= order.index(job["status"])
        self.seen[job["jobID"]] = job["status"]
        assert ("endDateTime" in job) == (job["status"] == "COMPLETED")
        statuses = {one["launchStatus"] for one in job["participatingServers"]}
        if job["status"] == "COMPLETED":
            assert statuses <= ({"LAUNCHED", "FAILED"} if job["type"] == "LAUNCH" else set())

    def log_is_as_it_can_be(self, job: Mapping[str, Any]) -> None:
        trace = self.world.trace(job["jobID"])
        assert trace[:1] in ([], ["JOB_START"])
        assert "JOB_END" not in trace[:-1]
        for place, item in enumerate(trace):
            event, _, server = item.partition(" ")
            phase, _, ending = event.rpartition("_")
            if server and ending in ("END", "FAIL", "FAILED") and phase in PHASES:
                assert f"{phase}_START {server}" in trace[:place]

    @invariant()
    def instances_belong_to_their_servers(self) -> None:
        shown = self.world.call("DescribeSourceServers")["items"]
        instances = {instance["recoveryInstanceID"]: instance["sourceServerID"] for instance in self.world.instances()}
        assert len(set(instances.values())) == len(instances)
        for server in shown:
            own = [instance for instance, source in instances.items() if source == server["sourceServerID"]]
            assert own in ([], [server.get("recoveryInstanceId")])

    @invariant()
    def every_step_in_the_journal_is_legal_and_in_time(self) -> None:
        for index in range(self.read, len(self.world.journal)):
            entry = self.world.journal[index]
            event: Any = entry.event
            assert index == 0 or self.world.journal[index - 1].at_ms <= entry.at_ms
            match event.kind:
                case "drs.job":
                    self.step(NEXT_JOB, ("job", event.job), event.status)
                case "drs.launch":
                    self.step(NEXT_LAUNCH, (event.job, event.server), event.status)
                case "drs.instance":
                    self.step(NEXT_INSTANCE, ("instance", event.instance), event.state)
        self.read = len(self.world.journal)

    def step(self, table: Mapping[str | None, set[str]], key: tuple[str, str], status: str) -> None:
        assert status in table[self.steps.get(key)], (key, self.steps.get(key), status)
        self.steps[key] = status


class AnyOrderWithoutBarrier(AnyOrder):
    """The same with the knobs turned the other way."""

    def settings(self) -> Settings:
        return Settings(
            quotas=QUOTAS,
            rates=None,
            phase_barrier=False,
            launch_status="fine",
            log_lag=Distribution(0),
            instance_lag=Distribution(0),
            duplicate_servers="merge",
        )


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestAnyOrderWithoutBarrier = AnyOrderWithoutBarrier.TestCase
TestAnyOrderWithoutBarrier.settings = TestAnyOrder.settings
