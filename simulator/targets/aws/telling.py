"""What AWS tells of a drill, as events of our journal: history, jobs with their logs, the orchestrator's record.

Instants are counted from the start of the execution, by the services' own clocks.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from simulator.journal import (
    Answered,
    ApiCall,
    Event,
    FleetMade,
    JobChanged,
    JobLogged,
    Journal,
    LaunchStatusChanged,
    RecordRead,
)
from simulator.json_types import JsonValue
from simulator.scenario.model import Scenario
from simulator.targets.artefacts import run_started
from simulator.targets.aws.deployed import Deployed, Row
from simulator.targets.outside.history import HistoryReader

_ENDED = ("LAUNCH_END", "LAUNCH_FAILED", "SNAPSHOT_FAIL", "CONVERSION_FAIL")

Dated = tuple[int, Event]


def told(
    scenario: Scenario,
    seed: int,
    server_ids: Mapping[str, str],
    answer: Answered,
    happened: Sequence[Dated],
    end: Sequence[Event],
) -> Journal:
    """The journal of a drill: `happened` in any order, then `end`."""
    waves = {wave.name: {name: server_ids[name] for name in wave.server_names} for wave in scenario.fleet.waves}
    first: list[Dated] = [(0, run_started(scenario, seed)), (0, FleetMade(waves)), (0, answer)]
    ordered = sorted(happened, key=lambda one: one[0])
    last_ms = ordered[-1][0] if ordered else 0
    instants = iter([at_ms for at_ms, _ in (*first, *ordered)] + [last_ms] * len(end))
    journal = Journal(lambda: next(instants))
    for event in (*(event for _, event in (*first, *ordered)), *end):
        journal.record(event)
    return journal


class Telling:
    """Reads what AWS has to tell of an execution, and of the jobs of servers since its start."""

    def __init__(self, cloud: Deployed, machine: str, execution: str) -> None:
        self._cloud, self._machine, self._execution = cloud, machine, execution
        self._start_epoch: float = cloud.describe(execution)["startDate"].timestamp()

    def history(self) -> Iterator[Dated]:
        """The execution's own history."""
        reader = HistoryReader(self._execution, self._cloud.definition(self._machine), self._ms)
        yield from ((one.at_ms, one.event) for one in reader.read(self._cloud.history(self._execution)))

    def jobs(self, region: str, server_ids: frozenset[str]) -> Iterator[Dated]:
        """The jobs of a Region that any of the servers takes part in."""
        for job in self._cloud.jobs(region):
            servers = [str(server["sourceServerID"]) for server in job.get("participatingServers", ())]
            if server_ids & set(servers) and _instant(job["creationDateTime"]) >= self._start_epoch:
                yield from self._job(region, job, servers)

    def record(self, name: str, table: str, key: str) -> RecordRead:
        """The orchestrator's record of the execution."""
        names = (self._execution, self._execution.rsplit(":", 1)[-1])
        item = next((item for item in self._cloud.items(table) if item.get(key) in names), None)
        return RecordRead(name, {key: item[key]} if item else {}, item)

    def _job(self, region: str, job: Row, servers: Sequence[str]) -> Iterator[tuple[int, Event]]:
        created_ms = self._ms(_instant(job["creationDateTime"]))
        ended_ms = self._ms(_instant(job["endDateTime"])) if "endDateTime" in job else None
        base = job["jobID"], job.get("type", "LAUNCH"), job.get("initiatedBy", "")
        yield created_ms, JobChanged(*base, "PENDING", servers)
        if job.get("type") == "LAUNCH":
            yield created_ms, _start_call(region, job, servers, created_ms)
        ends: dict[str, int] = {}
        for item in self._cloud.job_log(region, str(job["jobID"])):
            data = dict(item.get("eventData", {}))
            server, at_ms = data.get("sourceServerID"), self._ms(_instant(item["logDateTime"]))
            yield at_ms, JobLogged(str(job["jobID"]), str(item["event"]), server, data)
            if item["event"] in _ENDED and server is not None:
                ends[server] = at_ms
        for server in job.get("participatingServers", ()):
            status, name = str(server.get("launchStatus", "PENDING")), str(server["sourceServerID"])
            at_ms = ends.get(name, created_ms if ended_ms is None else ended_ms)
            yield at_ms, LaunchStatusChanged(str(job["jobID"]), name, status)
        if ended_ms is not None:
            yield ended_ms, JobChanged(*base, "COMPLETED", servers)

    def _ms(self, epoch: float) -> int:
        return max(0, round((epoch - self._start_epoch) * 1000))


def _start_call(region: str, job: Row, servers: Sequence[str], at_ms: int) -> ApiCall:
    """The call that a job is the work of: nothing else makes one. Who called, and how long it took, is not known."""
    request: JsonValue = {
        "isDrill": job.get("initiatedBy") == "START_DRILL",
        "sourceServers": [{"sourceServerID": server} for server in servers],
    }
    answer: JsonValue = {"job": {"jobID": str(job["jobID"])}}
    call = f"call-{job['jobID']}"
    return ApiCall("drs", "StartRecovery", region, "unknown", call, 1, at_ms, request, answer, 202, None, None, None)


def _instant(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
