"""Which log belongs to which job. The service does not say, so the user does, or servers and instants must agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.drs.calibration.captures import CapturedItem, CapturedJob, CapturedLog
from simulator.errors import Problem

_EARLY = timedelta(seconds=1)  # a log's instants and a job's come from clocks that need not quite agree
_LATE = timedelta(seconds=5)  # JOB_END is logged a moment after the job's end


@dataclass(frozen=True, slots=True)
class Recorded:
    """A job with its log, oldest first. `job` is None where only the log is known; without a log there are no `items`."""

    job: CapturedJob | None
    items: Sequence[CapturedItem]

    @property
    def servers(self) -> frozenset[str]:
        """The servers that took part, as far as job and log tell."""
        listed = self.job.servers if self.job else frozenset[str]()
        return listed | {item.server for item in self.items if item.server}

    @property
    def begun(self) -> datetime | None:
        """When the job was created, as far as it is known, else when its log begins."""
        return self.job.created if self.job else min((item.at for item in self.items), default=None)

    @property
    def is_staging(self) -> bool:
        """Whether it converts extended servers for another account."""
        return self.job is not None and self.job.type == "CREATE_CONVERTED_SNAPSHOT"

    @property
    def is_termination(self) -> bool:
        """Whether instances were only deleted: by the job's type, or because its log begins no launch."""
        if self.job:
            return self.job.type == "TERMINATE"
        events = {item.event for item in self.items}
        return "CLEANUP_START" in events and not events & {"SNAPSHOT_START", "CLEANUP_FAIL", "JOB_CANCEL"}


@dataclass(frozen=True, slots=True)
class Matched:
    """The jobs, with `notes` for the user on what could not be told apart, and what contradicts itself."""

    jobs: Sequence[Recorded]
    notes: Sequence[Problem]
    problems: Sequence[Problem]


def match(jobs: Sequence[CapturedJob], logs: Sequence[CapturedLog]) -> Matched:
    """Jobs with their logs. The same job or item in several captures counts once; pages of a log are put together."""
    known = _latest(jobs)
    pages: dict[str, list[CapturedLog]] = {}
    notes, problems = [], []
    for number, log in enumerate(logs):
        found = [log.job_id] if log.job_id else _candidates(known, log)
        identifier = found[0] if len(found) == 1 else None
        if identifier is None:
            notes.append(Problem(log.where, _AMBIGUOUS if found else _UNMATCHED, _HOW_TO_PAIR))
        if contradiction := _contradiction(known.get(log.job_id or ""), log):
            problems.append(Problem(log.where, contradiction))
        pages.setdefault(identifier or f"log {number}", []).append(log)
    unlogged = [identifier for identifier in known if identifier not in pages]
    recorded = [Recorded(known.get(identifier), _put_together(logs)) for identifier, logs in pages.items()]
    return Matched(recorded + [Recorded(known[identifier], ()) for identifier in unlogged], notes, problems)


_UNMATCHED = "this log fits no described job; it is used without the job's creation, so `pending` cannot be told from it"
_AMBIGUOUS = "this log fits several described jobs; it is used as that of none, so `pending` cannot be told from it"
_HOW_TO_PAIR = "put the job's id into the file's name, or say --job drsjob-...=FILE"


def _latest(jobs: Sequence[CapturedJob]) -> dict[str, CapturedJob]:
    """Each job once: as it was described when it had ended, if it ever was."""
    known: dict[str, CapturedJob] = {}
    for job in jobs:
        before = known.get(job.id)
        if before is None or before.ended is None:
            known[job.id] = job
    return known


def _candidates(known: Mapping[str, CapturedJob], log: CapturedLog) -> Sequence[str]:
    """The jobs whose log this can be; where there are several, those that also end when it does."""
    found = [job for job in known.values() if _fits(job, log)]
    closest = [job for job in found if _begins_with(job, log) and _ends_with(job, log)]
    return [job.id for job in (closest or found)]


def _fits(job: CapturedJob, log: CapturedLog) -> bool:
    """Whether a log can be this job's. A server is in one job at a time, so that servers and instants suffice."""
    servers = {item.server for item in log.items if item.server}
    if servers and job.servers and not servers <= job.servers:
        return False
    if not servers or not job.servers:  # nothing but the instants: they must agree to the second
        return _begins_with(job, log) and _ends_with(job, log)
    return _lies_within(job, log)


def _begins_with(job: CapturedJob, log: CapturedLog) -> bool:
    start = min(item.at for item in log.items)
    return job.created - _EARLY <= start <= job.created + timedelta(minutes=1)


def _ends_with(job: CapturedJob, log: CapturedLog) -> bool:
    end = max(item.at for item in log.items)
    return job.ended is not None and abs(end - job.ended) <= _LATE


def _lies_within(job: CapturedJob, log: CapturedLog) -> bool:
    instants = [item.at for item in log.items]
    return job.created - _EARLY <= min(instants) and (job.ended is None or max(instants) <= job.ended + _LATE)


def _contradiction(job: CapturedJob | None, log: CapturedLog) -> str | None:
    """Why a log cannot be one job's, or not that of the `job` it is said to be, if so."""
    if sum(item.event == "JOB_START" for item in log.items) > 1:
        return "this holds the logs of several jobs: put each into a document of its own"
    if job is None or _lies_within(job, log):
        return None
    return f"this is not the log of {job.id}: that job was created at {job.created.isoformat()}, the log lies elsewhere"


def _put_together(logs: Sequence[CapturedLog]) -> Sequence[CapturedItem]:
    items = dict.fromkeys(item for log in logs for item in log.items)
    return sorted(items, key=lambda item: item.at)
