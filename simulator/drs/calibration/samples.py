"""How long the phases of recorded jobs took, as the latency model counts them: one sample a job, at the model's usual size.

All servers of a job share its luck with a phase and move together, so a job of a hundred servers tells of a phase once,
not a hundred times. A sample is what a job of two servers with volumes of 8 GiB would have taken: that is what a profile's
latencies are.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist, median
from typing import get_args

from simulator.drs.calibration.captures import CapturedItem
from simulator.drs.calibration.matching import Recorded
from simulator.drs.settings import Latency, Scaling

LEAST_SECONDS = 0.001  # what the service's clock cannot tell from nothing
PHASES: tuple[Latency, ...] = get_args(Latency)

_VOLUME_GIB = 8
# The events that begin and end a phase of a server, and those that end it otherwise.
_SPANS: Mapping[str, tuple[str, str, frozenset[str]]] = {
    "cleanup": ("CLEANUP_START", "CLEANUP_END", frozenset({"CLEANUP_FAIL"})),
    "snapshot": ("SNAPSHOT_START", "SNAPSHOT_END", frozenset({"SNAPSHOT_FAIL"})),
    "conversion": ("CONVERSION_START", "CONVERSION_END", frozenset({"CONVERSION_FAIL"})),
    "launch": ("LAUNCH_START", "LAUNCH_END", frozenset({"LAUNCH_FAILED"})),
}
_SNAPSHOT_READY = frozenset({"SNAPSHOT_END", "USING_PREVIOUS_SNAPSHOT"})
_LAUNCH_OVER = frozenset({"LAUNCH_END", "LAUNCH_FAILED"})


@dataclass(frozen=True, slots=True)
class WholeJob:
    """What a job took from its creation to its end, with how many servers, through which phases."""

    seconds: float
    servers: int
    phases: frozenset[Latency]


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of each phase in seconds, sorted, and the jobs that launched all they were to launch."""

    by_phase: Mapping[Latency, Sequence[float]]
    whole_jobs: Sequence[WholeJob]


def samples_of(jobs: Iterable[Recorded], launched: Mapping[str, datetime], scaling: Scaling) -> Samples:
    """The samples that jobs give. `launched` tells when EC2 instances were launched, by id: only then is `boot` known.

    A phase that a server did not end well gives none, and neither do events in an impossible order. Of extended servers the
    job in their staging account tells the conversion, if it is there too.
    """
    jobs = list(jobs)
    staged = frozenset[str]().union(*(job.servers for job in jobs if job.is_staging))
    gathered: dict[Latency, list[float]] = {phase: [] for phase in PHASES}
    whole_jobs = []
    for job in jobs:
        measured = {
            phase: max(seconds, LEAST_SECONDS)
            for phase, seconds in _samples(job, launched, scaling).items()
            if seconds is not None and seconds >= 0 and not (phase == "conversion" and _is_elsewhere(job, staged))
        }
        for phase, seconds in measured.items():
            gathered[phase].append(seconds)
        if job.job and job.job.ended and _is_whole(job):
            seconds = (job.job.ended - job.job.created).total_seconds()
            whole_jobs.append(WholeJob(seconds, len(job.servers), frozenset(measured)))
    return Samples({phase: sorted(seconds) for phase, seconds in gathered.items()}, whole_jobs)


def synchrony(servers: int, scaling: Scaling) -> float:
    """What the slowest of so many servers takes in the median, measured in the conversions of a single one.

    Servers of a job that convert wait for each other, so it is the slowest one's time that a capture shows.
    """
    return math.exp(scaling.server_sigma * NormalDist().inv_cdf((servers - 0.375) / (servers + 0.25)))


def _samples(job: Recorded, launched: Mapping[str, datetime], scaling: Scaling) -> Mapping[Latency, float | None]:
    if job.is_termination:
        return {"pending": _pending(job), "terminate": _middle(_spans(job.items, "cleanup"))}
    servers = max(1, len(job.servers))
    factor = scaling.factor(servers, _VOLUME_GIB)
    conversion = _middle(_spans(job.items, "conversion"))
    return {
        "pending": _pending(job),
        "cleanup": _middle(_spans(job.items, "cleanup")),
        "snapshot": _middle(_spans(job.items, "snapshot")),
        "queue": _queue(job.items),
        "conversion": None if conversion is None else conversion / factor / synchrony(servers, scaling),
        "launch": _launch(_spans(job.items, "launch"), factor, scaling.spread_seconds(servers)),
        "boot": _boot(job.items, launched),
        "finish": _finish(job),
    }


def _is_elsewhere(job: Recorded, staged: frozenset[str]) -> bool:
    """Whether a job's servers are converted by a job of their staging account, which tells how long that takes by itself."""
    return not job.is_staging and not staged.isdisjoint(job.servers)


def _is_whole(job: Recorded) -> bool:
    return {item.server for item in job.items if item.event == "LAUNCH_END"} == job.servers


def _spans(items: Sequence[CapturedItem], phase: str) -> list[float]:
    """The seconds that each server took for a phase, from its last beginning on, where it ended well."""
    begins, ends, breaks = _SPANS[phase]
    begun: dict[str | None, datetime] = {}
    spans = []
    for item in items:
        if item.event == begins:
            begun[item.server] = item.at
        elif item.event == ends and item.server in begun:
            spans.append((item.at - begun.pop(item.server)).total_seconds())
        elif item.event in breaks:
            begun.pop(item.server, None)
    return spans


def _middle(seconds: Sequence[float]) -> float | None:
    return median(seconds) if seconds else None


def _pending(job: Recorded) -> float | None:
    if job.job is None:
        return None
    return _between(job.job.created, _first(job.items, "JOB_START"))


def _queue(items: Sequence[CapturedItem]) -> float | None:
    """From the last snapshot to the first conversion; where servers go their own ways, each server's own in the middle."""
    ready = {item.server: item.at for item in items if item.event in _SNAPSHOT_READY}
    begun = {item.server: item.at for item in items if item.event == "CONVERSION_START"}
    if not ready or not begun:
        return None
    waited = (min(begun.values()) - max(ready.values())).total_seconds()
    if waited >= 0:
        return waited
    return _middle([(at - ready[server]).total_seconds() for server, at in begun.items() if server in ready])


def _launch(seconds: Sequence[float], factor: float, spread_seconds: float) -> float | None:
    """The middle of a job's launches without what the model spreads them by; if nothing is left then, the fastest."""
    if not seconds:
        return None
    steady = median(seconds) - spread_seconds / 2
    return (steady if steady > 0 else min(seconds)) / factor


def _boot(items: Sequence[CapturedItem], launched: Mapping[str, datetime]) -> float | None:
    ends = [item for item in items if item.event == "LAUNCH_END" and item.instance in launched]
    return _middle([(item.at - launched[item.instance or ""]).total_seconds() for item in ends])


def _finish(job: Recorded) -> float | None:
    last = max((item.at for item in job.items if item.event in _LAUNCH_OVER), default=None)
    if _first(job.items, "JOB_CANCEL"):
        return None
    ended = job.job.ended if job.job else None
    return _between(last, ended or _first(job.items, "JOB_END"))


def _first(items: Sequence[CapturedItem], event: str) -> datetime | None:
    return next((item.at for item in items if item.event == event), None)


def _between(earlier: datetime | None, later: datetime | None) -> float | None:
    return None if earlier is None or later is None else (later - earlier).total_seconds()
