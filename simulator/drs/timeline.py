"""How jobs go: their phases in virtual time.

The servers of a job wait for each other before each phase, so one that hangs holds up all; only their launches end apart.
A server that fails leaves the job's way and the others go on. The job is COMPLETED whatever became of its servers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from simulator.drs import background, extension, launch_actions, network_recovery, phases
from simulator.drs.faults import ServerFault
from simulator.drs.latency import boot_ms, job_ms, server_ms
from simulator.drs.model import Job, Participant, Snapshots, availability
from simulator.drs.settings import Latency
from simulator.drs.state import RegionState
from simulator.journal import FaultFired, LaunchStatusChanged

_PREPARATION_MS = 400  # between a job's start, or a clean-up, and the first snapshot
_HANDOVER_MS = 500  # between the conversion and the launch
_TRIED_AGAIN = ("CONVERSION", "LAUNCH")  # phases of which a job can make several attempts
_JOB_END_LOG_MS = 30  # the log tells a job's end a moment after its endDateTime


@dataclass(frozen=True, slots=True)
class Stage:
    """A phase that servers of a job go through, those to whom it `applies`.

    `lead` is what passes before it: milliseconds, or a latency of the job. The servers begin `begin_step_ms` after each
    other and end `end_step_ms` after each other, when the slowest is ready; None: each ends for itself.
    """

    phase: str
    latency: Latency
    lead: Latency | int
    begin_step_ms: int
    end_step_ms: int | None
    applies: Callable[[Participant], bool] = lambda _: True


# The stages of a job by its type, or by what initiated it where that makes a difference.
STAGES: Mapping[str, Sequence[Stage]] = {
    "LAUNCH": (
        Stage("CLEANUP", "cleanup", _PREPARATION_MS, 25, 25, phases.has_instance),
        Stage("SNAPSHOT", "snapshot", _PREPARATION_MS, 25, 25),
        Stage("CONVERSION", "conversion", "queue", 25, 60, phases.needs_conversion),
        Stage("LAUNCH", "launch", _HANDOVER_MS, 200, None),
    ),
    "CREATE_CONVERTED_SNAPSHOT": (
        Stage("SNAPSHOT", "snapshot", _PREPARATION_MS, 25, 25),
        Stage("CONVERSION", "conversion", "queue", 25, 60),
    ),
    "TERMINATE": (Stage("CLEANUP", "terminate", _PREPARATION_MS, 25, None),),
    "FAILBACK": (
        Stage("CONVERSION", "conversion", _PREPARATION_MS, 25, 60),
        Stage("LAUNCH", "launch", _HANDOVER_MS, 200, None),
    ),
}


def start(state: RegionState, job: Job) -> None:
    """Tell of a job that was just created, and let it run."""
    state.note_job(job)
    for participant in job.participants:
        state.tell(LaunchStatusChanged(job.id, participant.server.id, participant.launch_status))
    _after(state, job, job_ms(state, job, "pending"), partial(_run, state, job))


def hold(state: RegionState, job: Job, for_ms: int) -> None:
    """Let a job hold its servers for a time and do nothing else; nobody hears of what it launches."""

    def end() -> None:
        for participant in job.participants:
            participant.launch_status = "LAUNCHED"
        _complete(state, job)

    state.note_job(job)
    _begin(state, job)
    _after(state, job, for_ms, end)


def _run(state: RegionState, job: Job) -> None:
    _begin(state, job)
    if job.networks:
        network_recovery.begin(state, job, partial(_complete, state, job))
        return
    ready = [participant for participant in job.participants if _is_ready(state, job, participant)]
    if not job.is_failback:
        extension.begin_conversions(state, job, ready, start)
    lanes = [[participant] for participant in ready]
    if state.settings.phase_barrier and ready:
        lanes = [ready]
    _Run(state, job).begin(lanes)


def _begin(state: RegionState, job: Job) -> None:
    state.set_job_status(job, "STARTED")
    state.log(job, "JOB_START")


def _is_ready(state: RegionState, job: Job, participant: Participant) -> bool:
    replication = participant.server.replication.state
    if job.type != "LAUNCH" or job.is_failback or availability(participant.server) is not Snapshots.NOT_YET:
        return True
    if state.settings.unready_servers == "accept":  # then it lacks a snapshot when its turn comes
        return True
    return phases.give_up(state, job, participant, "SERVER_SKIPPED", f"replication is {replication}: no snapshot yet")


def _cancel(state: RegionState, job: Job) -> None:
    """The service gives a job up: what has not launched by then fails."""
    state.log(job, "JOB_CANCEL")
    for participant in job.participants:
        phases.abandon(state, job, participant)
    _complete(state, job)


def _complete(state: RegionState, job: Job) -> None:
    state.set_job_status(job, "COMPLETED")
    state.clock.call_after(_JOB_END_LOG_MS, partial(state.log, job, "JOB_END"))
    for watcher in job.watchers:
        watcher()


def _after(state: RegionState, job: Job, delay_ms: int, action: Callable[[], object]) -> None:
    """Do something later, unless the job has ended by then."""

    def unless_over() -> None:
        if job.is_active:
            action()

    state.clock.call_after(delay_ms, unless_over)


class _Run:
    """One job as it runs: lanes of servers that wait for each other, but not for other lanes."""

    def __init__(self, state: RegionState, job: Job) -> None:
        self.state, self.job = state, job
        self._stages = STAGES.get(job.initiated_by) or STAGES[job.type]
        self._lanes_left = 0
        self._has_launched = False

    def begin(self, lanes: Sequence[Sequence[Participant]]) -> None:
        """Let all lanes go their way."""
        self._lanes_left = len(lanes)
        for lane in lanes:
            self.go_on(lane, 0)
        if not lanes:
            _complete(self.state, self.job)

    def go_on(self, alive: Sequence[Participant], index: int) -> None:
        """Take a lane to the first stage from `index` on that has something to do."""
        while alive and index < len(self._stages):
            stage = self._stages[index]
            members = [participant for participant in alive if stage.applies(participant)]
            index += 1
            if members:
                self._has_launched |= stage.phase == "LAUNCH"
                lead_ms = stage.lead if isinstance(stage.lead, int) else job_ms(self.state, self.job, stage.lead)
                self.after(lead_ms, _Passage(self, stage, alive, members, index).begin)
                return
        self._end_lane()

    def after(self, delay_ms: int, action: Callable[[], object]) -> None:
        """Do something later, unless the job has ended by then."""
        _after(self.state, self.job, delay_ms, action)

    def _end_lane(self) -> None:
        self._lanes_left -= 1
        if not self._lanes_left:
            finish_ms = job_ms(self.state, self.job, "finish") if self._has_launched else 0
            self.after(finish_ms, partial(_complete, self.state, self.job))


class _Passage:
    """A lane's way through one stage. `alive` are all its servers, `members` those that have something to do in it."""

    def __init__(
        self, run: _Run, stage: Stage, alive: Sequence[Participant], members: Sequence[Participant], following: int
    ) -> None:
        self._run, self._stage, self._following = run, stage, following
        self._alive, self._members = alive, members
        self._left, self._lost = len(members), set[str]()

    def begin(self) -> None:
        """Let the members begin, one after the other."""
        run, stage = self._run, self._stage
        own_ms = [server_ms(run.state, run.job, participant, stage.latency) for participant in self._members]
        slowest_ms = max(own_ms)
        for place, participant in enumerate(self._members):
            takes_ms = own_ms[place]
            if stage.end_step_ms is not None:
                takes_ms = slowest_ms + place * (stage.end_step_ms - stage.begin_step_ms)
            run.after(place * stage.begin_step_ms, partial(self._enter, participant, takes_ms))

    def _enter(self, participant: Participant, takes_ms: int, attempt: int = 1) -> None:
        run, phase = self._run, self._stage.phase
        fault = run.state.faults.take(participant.server.id, phase, run.state.clock.now_ms)
        fault = fault or background.fault(run.state, run.job, participant, phase)
        phases.begin(run.state, run.job, participant, phase, fault)
        if fault is None:
            if phase == "LAUNCH":
                before_end_ms = boot_ms(run.state, run.job, participant)
                run.after(max(0, takes_ms - before_end_ms), partial(phases.boot, run.state, run.job, participant))
            if phase == "CONVERSION" and participant.server.extension is not None and not run.job.is_failback:
                extension.when_converted(run.job, participant, partial(self._leave_staging, participant))
            else:
                run.after(takes_ms, partial(self._leave, participant))
            return
        if fault.outcome == "HANG":
            self._note(participant, fault)
            return
        if fault.outcome == "CANCELLED":
            run.after(fault.after_ms or 0, partial(self._cancel, participant, fault))
        else:
            leave = partial(self._fail, participant, fault, takes_ms, attempt)
            run.after(takes_ms if fault.after_ms is None else fault.after_ms, leave)

    def _note(self, participant: Participant, fault: ServerFault) -> None:
        """Journal a fault as it takes effect: one that a job did not live to see has not fired."""
        effect = f"{self._stage.phase} {fault.outcome}"
        self._run.state.journal.record(FaultFired(fault.id, participant.server.name, effect))

    def _cancel(self, participant: Participant, fault: ServerFault) -> None:
        self._note(participant, fault)
        _cancel(self._run.state, self._run.job)

    def _fail(self, participant: Participant, fault: ServerFault, takes_ms: int, attempt: int) -> None:
        """A phase ends with a fault; it is tried again where jobs do so."""
        run, phase = self._run, self._stage.phase
        self._note(participant, fault)
        most = run.state.settings.attempts if phase in _TRIED_AGAIN else 1
        counted = {"attemptCount": attempt, "maxAttemptsCount": most} if most > 1 else {}
        if fault.outcome == "FAILED" and attempt < most:
            phases.log_failure(run.state, run.job, participant, phase, fault, counted)
            self._enter(participant, takes_ms, attempt + 1)
            return
        self._depart(participant, phases.fail(run.state, run.job, participant, phase, fault, counted))

    def _leave(self, participant: Participant) -> None:
        run, phase = self._run, self._stage.phase
        goes_on = phases.succeed(run.state, run.job, participant, phase)
        if goes_on and phase == "LAUNCH" and not run.job.is_failback and phases.launch_actions(participant):
            launch_actions.begin(run.state, run.job, participant, partial(self._depart, participant))
        else:
            self._depart(participant, goes_on)

    def _leave_staging(self, participant: Participant, error: str | None) -> None:
        """The conversion in the staging account has ended."""
        run = self._run
        if error is None:
            self._leave(participant)
        else:
            self._depart(participant, phases.give_up(run.state, run.job, participant, "CONVERSION_FAIL", error))

    def _depart(self, participant: Participant, goes_on: bool) -> None:
        run = self._run
        if not goes_on:
            self._lost.add(participant.server.id)
        self._left -= 1
        if not self._left:
            survivors = [participant for participant in self._alive if participant.server.id not in self._lost]
            run.go_on(survivors, self._following)
