"""How jobs go: the phases of a launch job and of a termination, in virtual time.

All servers of a job move together: a phase begins when the one before has ended for each of them, so one server that hangs
holds up all. Only launches end apart. A server that fails leaves the job's way; the others go on, and the job is COMPLETED
whatever became of its servers.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from simulator.clock import VirtualClock
from simulator.drs import identifiers
from simulator.drs.faults import ServerFault, ServerFaults
from simulator.drs.model import (
    JOB_STATUSES,
    LAUNCH_STATUSES,
    NONE,
    PREVIOUS,
    SKIP,
    SNAPSHOT_BY_REPLICATION,
    Job,
    Participant,
    RecoveryInstance,
)
from simulator.drs.settings import Distribution, Profile, Settings
from simulator.journal import FaultFired, JobChanged, JobLogged, Journal, LaunchStatusChanged
from simulator.rng import Chance

_LOG_STEP_MS = 25  # log items of one phase follow each other at about this distance
_LAUNCH_STEP_MS = 200
_SPREAD_SERVERS = 25  # from 2 servers to this many, ends of launches spread from 2 to 50 seconds


class JobRunner:
    """Runs the jobs of one account and Region. `launched` and `terminated` are told of instances as they come and go."""

    def __init__(
        self,
        clock: VirtualClock,
        chance: Chance,
        journal: Journal,
        settings: Settings,
        faults: ServerFaults,
        launched: Callable[[Job, Participant], RecoveryInstance],
        terminated: Callable[[str], None],
    ) -> None:
        self._clock, self._chance, self._journal, self._settings = clock, chance, journal, settings
        self._faults, self._launched, self._terminated = faults, launched, terminated

    def start(self, job: Job) -> None:
        """Note a job that was just created, and let it run."""
        self.note(job)
        run = {"LAUNCH": self._launch, "TERMINATE": self._terminate}[job.type]
        for participant in job.participants:
            self._journal.record(LaunchStatusChanged(job.id, participant.server.id, "PENDING"))
        self._after(self._seconds(job, "pending"), lambda: run(job))

    def hold(self, job: Job, for_ms: int) -> None:
        """Let a job hold its servers for a time and do nothing else."""
        self.note(job)
        self._begin(job)
        self._clock.call_after(for_ms, lambda: self._finish(job))

    def note(self, job: Job) -> None:
        """Journal how a job stands."""
        servers = [participant.server.id for participant in job.participants]
        self._journal.record(JobChanged(job.id, job.type, job.initiated_by, job.status, servers))

    def _launch(self, job: Job) -> None:
        self._begin(job)
        alive = []
        for participant in job.participants:
            if SNAPSHOT_BY_REPLICATION[participant.server.replication_state] == SKIP:
                reason = f"The server is in {participant.server.replication_state} and has no snapshot yet"
                self._fail(job, participant, "SERVER_SKIPPED", reason)
            else:
                alive.append(participant)
        occupied = [participant for participant in alive if participant.server.recovery_instance_id]
        if occupied:
            rest = [participant for participant in alive if participant not in occupied]
            self._phase(job, occupied, "CLEANUP", lambda cleaned: self._snapshot(job, _in_order(job, [*rest, *cleaned])))
        else:
            self._snapshot(job, alive)

    def _snapshot(self, job: Job, alive: Sequence[Participant]) -> None:
        def queue(snapped: Sequence[Participant]) -> None:
            if snapped:
                self._after(self._seconds(job, "queue"), lambda: self._convert(job, snapped))
            else:
                self._complete(job)

        self._phase(job, alive, "SNAPSHOT", queue)

    def _convert(self, job: Job, alive: Sequence[Participant]) -> None:
        self._phase(job, alive, "CONVERSION", lambda converted: self._after(0.5, lambda: self._boot(job, converted)))

    def _boot(self, job: Job, alive: Sequence[Participant]) -> None:
        self._phase(job, alive, "LAUNCH", lambda _: self._after(self._seconds(job, "finish"), lambda: self._complete(job)))

    def _terminate(self, job: Job) -> None:
        self._begin(job)
        for place, participant in enumerate(job.participants):
            start = partial(self._log, job, "CLEANUP_START", participant, targetInstanceID=participant.instance_id)
            self._clock.call_after(place * _LOG_STEP_MS, start)

        def end() -> None:
            for participant in job.participants:
                self._terminated(participant.instance_id or "")
                self._log(job, "CLEANUP_END", participant, targetInstanceID=participant.instance_id)
                self._set_launch_status(job, participant, "TERMINATED")
            self._complete(job)

        self._after(self._seconds(job, "terminate"), end)

    def _phase(
        self, job: Job, alive: Sequence[Participant], phase: str, following: Callable[[Sequence[Participant]], None]
    ) -> None:
        """One phase for the servers that got this far; then `following` with those that got through it."""
        if not alive:
            following(())
            return
        through: list[Participant] = []
        left = [len(alive)]

        def done(participant: Participant, *, is_through: bool) -> None:
            left[0] -= 1
            if is_through:
                through.append(participant)
            if not left[0]:
                following(_in_order(job, through))

        step_ms = _LAUNCH_STEP_MS if phase == "LAUNCH" else _LOG_STEP_MS if phase == "SNAPSHOT" else 1
        for place, participant in enumerate(alive):
            self._clock.call_after(place * step_ms, partial(self._enter, job, participant, phase, place, done))

    def _enter(self, job: Job, participant: Participant, phase: str, place: int, done: Callable[..., None]) -> None:
        self._log(job, f"{phase}_START", participant)
        fault = self._faults.take(participant.server.id, phase)
        if fault:
            self._journal.record(FaultFired(fault.id, participant.server.name, f"{phase} {fault.outcome}"))
            if fault.outcome == "HANG":
                return
        milliseconds = round(self._phase_seconds(job, participant, phase) * 1000) + place * _LOG_STEP_MS
        self._clock.call_after(milliseconds, lambda: self._leave(job, participant, phase, fault, done))

    def _leave(
        self, job: Job, participant: Participant, phase: str, fault: ServerFault | None, done: Callable[..., None]
    ) -> None:
        if fault and fault.outcome == "SILENT":
            self._log(job, f"{phase}_END", participant)
            self._set_launch_status(job, participant, "FAILED")
            done(participant, is_through=False)
        elif fault:
            is_through = phase == "SNAPSHOT" and self._fall_back(job, participant, fault.raw_error)
            if not is_through and phase != "SNAPSHOT":
                self._fail(job, participant, f"{phase}_FAIL" if phase != "LAUNCH" else "LAUNCH_FAILED", fault.raw_error)
            done(participant, is_through=is_through)
        else:
            done(participant, is_through=self._succeed(job, participant, phase))

    def _succeed(self, job: Job, participant: Participant, phase: str) -> bool:
        server = participant.server
        match phase:
            case "CLEANUP":
                self._terminated(server.recovery_instance_id or "")
                self._log(job, "CLEANUP_END", participant)
            case "SNAPSHOT":
                return self._take_snapshot(job, participant)
            case "CONVERSION":
                converter = identifiers.conversion_server_id(self._chance, server.id, server.launches)
                self._log(job, "CONVERSION_END", participant, conversionServerID=converter)
            case _:
                participant.instance_id = identifiers.instance_id(self._chance, server.id, server.launches)
                self._launched(job, participant)
                self._log(job, "LAUNCH_END", participant, targetInstanceID=participant.instance_id)
                self._set_launch_status(job, participant, "LAUNCHED")
        return True

    def _take_snapshot(self, job: Job, participant: Participant) -> bool:
        """The end of the snapshot phase, as the server's replication allows."""
        match SNAPSHOT_BY_REPLICATION[participant.server.replication_state]:
            case kind if kind in (PREVIOUS, NONE) and participant.snapshot_id is None:
                return self._fall_back(job, participant, f"Replication is {participant.server.replication_state}")
            case _:
                self._log(job, "SNAPSHOT_END", participant)
                return True

    def _fall_back(self, job: Job, participant: Participant, raw_error: str | None) -> bool:
        """A fresh snapshot cannot be taken: use the latest that exists, if one does. Whether one does."""
        self._log(job, "SNAPSHOT_FAIL", participant, rawError=raw_error)
        kept = SNAPSHOT_BY_REPLICATION[participant.server.replication_state] != NONE
        if kept:
            self._log(job, "USING_PREVIOUS_SNAPSHOT", participant)
            return True
        self._fail(job, participant, "USING_PREVIOUS_SNAPSHOT_FAILED", raw_error)
        return False

    def _begin(self, job: Job) -> None:
        self._set_status(job, "STARTED")
        self._log(job, "JOB_START")

    def _complete(self, job: Job) -> None:
        """The job's end; its endDateTime comes a moment before the log says so."""
        self._set_status(job, "COMPLETED")
        job.ended_at = identifiers.instant(self._clock.now())
        for participant in job.participants:
            participant.instance_id = None  # a completed job no longer shows what it launched
        if job.type == "TERMINATE":
            job.participants.clear()
        self._clock.call_after(30, lambda: self._log(job, "JOB_END"))

    def _finish(self, job: Job) -> None:
        for participant in job.participants:
            self._set_launch_status(job, participant, "LAUNCHED")
        self._complete(job)

    def _fail(self, job: Job, participant: Participant, event: str, raw_error: str | None) -> None:
        self._log(job, event, participant, rawError=raw_error)
        self._set_launch_status(job, participant, "FAILED")

    def _set_status(self, job: Job, status: str) -> None:
        assert status in JOB_STATUSES[job.status], f"{job.id}: {job.status} to {status}"
        job.status = status
        self.note(job)

    def _set_launch_status(self, job: Job, participant: Participant, status: str) -> None:
        assert status in LAUNCH_STATUSES[participant.launch_status], f"{job.id}: {participant.launch_status} to {status}"
        participant.launch_status = status
        server = participant.server
        if job.type == "LAUNCH":
            server.last_launch_result = {"LAUNCHED": "SUCCEEDED"}.get(status, "FAILED")
            server.last_launch["status"] = status
        self._journal.record(LaunchStatusChanged(job.id, server.id, status))

    def _log(self, job: Job, event: str, participant: Participant | None = None, **data: Any) -> None:
        event_data = {name: value for name, value in data.items() if value is not None}
        if participant is not None:
            event_data = {"sourceServerID": participant.server.id} | event_data
        job.log.append({"logDateTime": identifiers.instant(self._clock.now()), "event": event, "eventData": event_data})
        server = participant.server.id if participant else None
        self._journal.record(JobLogged(job.id, event, server, event_data))

    def _after(self, seconds: float, action: Callable[[], None]) -> None:
        self._clock.call_after(round(seconds * 1000), action)

    def _seconds(self, job: Job, phase: str) -> float:
        """How long the job as a whole takes for a phase: one quantile for all, at the slowest of its servers' profiles."""
        quantile = self._quantile(job, phase)
        profiles = {participant.server.profile for participant in job.participants}
        return max(_distribution(self._settings.profiles[name], phase).at(quantile) for name in sorted(profiles))

    def _phase_seconds(self, job: Job, participant: Participant, phase: str) -> float:
        server, size = participant.server, len(job.participants)
        distribution = _distribution(self._settings.profiles[server.profile], phase.lower())
        seconds = distribution.at(self._quantile(job, phase.lower()))
        if phase not in ("CONVERSION", "LAUNCH"):
            return seconds
        seconds *= _crowding(size) * (1 + 0.05 * math.log2(max(server.volume_gib, 8) / 8))
        if phase == "LAUNCH" and size > 1:
            spread = 2 + 48 * (min(size, _SPREAD_SERVERS) - 2) / (_SPREAD_SERVERS - 2)
            own = self._chance.stream("drs.launch", f"{server.id}/{server.launches}")
            seconds += own.between(0, spread)
        return seconds

    def _quantile(self, job: Job, phase: str) -> float:
        """The job's luck with a phase, keyed by its first server and how often that one was launched before."""
        first = job.participants[0].server
        return self._chance.stream("drs.phase", f"{first.id}/{first.launches}/{job.type}/{phase}").uniform()


def _distribution(profile: Profile, phase: str) -> Distribution:
    found: Distribution = getattr(profile, phase)
    return found


def _crowding(servers: int) -> float:
    """How much longer conversion and launch take with more servers in the job (8 % each up to 25, then 3 %)."""
    return 1 + 0.08 * (min(servers, 25) - 2) + 0.03 * max(0, servers - 25)


def _in_order(job: Job, participants: Sequence[Participant]) -> list[Participant]:
    return [participant for participant in job.participants if participant in participants]
