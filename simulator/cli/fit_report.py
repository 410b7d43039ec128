"""A fitted profile, shown: a table with what it rests on, or the same as JSON.

    {"format": 1, "drsim": "0.1.0", "name": "our-linux", "profile": "our-linux.yaml", "base": "linux-direct",
     "jobs": 12, "files": [{"name": "jobs.json", "sha256": "..."}],
     "phases": [{"phase": "launch", "samplesSeconds": [291.2, 310.4], "medianSeconds": 300.8, "p95Seconds": 309.4,
                 "fitted": {"medianSeconds": 300.6, "p95Seconds": 431.9}, "spread": "mixed",
                 "p95RangeSeconds": [303.1, 2120.0], "distance": 0.31, "isPoor": false}],
     "wholeJobs": {"count": 10, "medianSeconds": 552.0, "fittedMedianSeconds": 543.1}, "notes": []}

`spread` says whose ratio of 95th percentile to median a phase has: that of its `samples`, the `default` profile's, or one
`mixed` of both. What cannot be told is null.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator import __version__
from simulator.cli.captured_files import CapturedFile
from simulator.drs.calibration.fitting import CONFIDENCE, ENOUGH, Fit, whole_job_seconds
from simulator.drs.calibration.matching import Recorded
from simulator.drs.calibration.samples import Samples
from simulator.drs.settings import Latency, Scaling
from simulator.errors import Problem
from simulator.json_types import JsonObject

FORMAT = 1
LOG_WIDTH = 100  # where there is no terminal to tell its width
_VAGUE = 10  # an upper bound so many times the fitted value says nothing


@dataclass(frozen=True, slots=True)
class Calibration:
    """What captures came to; `notes` are what the user should know about them."""

    base: str
    files: Sequence[CapturedFile]
    jobs: Sequence[Recorded]
    samples: Samples
    fits: Mapping[Latency, Fit]
    notes: Sequence[Problem]

    @property
    def measured_jobs(self) -> int:
        """How many jobs have a log."""
        return sum(bool(job.items) for job in self.jobs)

    @property
    def whole_jobs(self) -> tuple[float, float] | None:
        """What whole launches took in the middle, and what the fitted medians say that they take. None without any."""
        whole = self.samples.whole_jobs
        if not whole:
            return None
        fitted = [whole_job_seconds(self.fits, job.servers, job.phases, Scaling()) for job in whole]
        return median(job.seconds for job in whole), median(fitted)


def print_fit(console: Console, calibration: Calibration) -> None:
    """Print the table, and below it what the numbers do not say."""
    if not console.is_terminal:
        console.width = LOG_WIDTH
    console.print(_table(calibration))
    for line in _remarks(calibration):
        console.print(Text(line), soft_wrap=True)
    for note in calibration.notes:
        console.print(Text(f"note: {note}", "yellow"), soft_wrap=True)


def fit_json(calibration: Calibration, name: str, profile: Path) -> str:
    """The fit as a JSON text that ends in a newline."""
    whole = calibration.whole_jobs
    document: JsonObject = {
        "format": FORMAT,
        "drsim": __version__,
        "name": name,
        "profile": profile.as_posix(),
        "base": calibration.base,
        "jobs": calibration.measured_jobs,
        "files": [{"name": file.name, "sha256": file.sha256} for file in calibration.files],
        "phases": [_phase(fit) for fit in calibration.fits.values()],
        "wholeJobs": {
            "count": len(calibration.samples.whole_jobs),
            "medianSeconds": _rounded(whole and whole[0]),
            "fittedMedianSeconds": _rounded(whole and whole[1]),
        },
        "notes": [str(note) for note in calibration.notes],
    }
    return json.dumps(document, indent=2) + "\n"


def seconds_text(seconds: float | None) -> str:
    """A latency for a person: `0.357 s`, `52.1 s`, `4:58`, `1:12:05`. Nothing for None."""
    if seconds is None:
        return ""
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _table(calibration: Calibration) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("phase", no_wrap=True)
    for heading in ("n", "median", "p95", "fitted\nmedian", "fitted\np95", f"p95 lies\n({CONFIDENCE:.0%})", "KS"):
        table.add_column(heading, justify="right", no_wrap=True)
    for fit in calibration.fits.values():
        table.add_row(*_cells(fit), style=None if fit.samples else "dim")
    return table


def _cells(fit: Fit) -> Iterator[str]:
    yield fit.phase
    yield str(len(fit.samples))
    yield seconds_text(fit.median_seconds)
    yield seconds_text(fit.p95_seconds)
    yield seconds_text(fit.distribution.median_seconds)
    yield seconds_text(fit.distribution.p95_seconds)
    yield _range(fit)
    yield "" if fit.distance is None else f"{fit.distance:.2f}"


def _range(fit: Fit) -> str:
    if fit.p95_range_seconds is None:
        return ""
    low, high = fit.p95_range_seconds
    if high > _VAGUE * (fit.distribution.p95_seconds or 0):
        return f"from {seconds_text(low)}"
    return f"{seconds_text(low)} to {seconds_text(high)}"


def _remarks(calibration: Calibration) -> Iterator[str]:
    base, fits = calibration.base, calibration.fits.values()
    if missing := [fit.phase for fit in fits if not fit.samples]:
        yield f"{_listed(missing)}: no samples, so {base}'s own"
    if single := [fit.phase for fit in fits if len(fit.samples) == 1]:
        yield f"{_listed(single)}: a single sample has no spread, so the p95 is as far above the median as {base}'s"
    if few := [fit.phase for fit in fits if fit.spread == "mixed"]:
        yield f"{_listed(few)}: fewer than {ENOUGH} samples, so the p95 is partly {base}'s"
    if poor := [fit.phase for fit in fits if fit.is_poor]:
        yield (
            f"{_listed(poor)}: hardly log-normal; if the captures mix kinds of servers (Linux, Windows, extended), "
            "calibrate each kind from its own"
        )
    if calibration.whole_jobs:
        took, fitted = map(seconds_text, calibration.whole_jobs)
        count = len(calibration.samples.whole_jobs)
        yield f"whole launches: {took} in the middle of {count}; by the fitted medians {fitted}"


def _listed(phases: Sequence[str]) -> str:
    return ", ".join(phases)


def _phase(fit: Fit) -> JsonObject:
    fitted = fit.distribution
    return {
        "phase": fit.phase,
        "samplesSeconds": [_rounded(sample) for sample in fit.samples],
        "medianSeconds": _rounded(fit.median_seconds),
        "p95Seconds": _rounded(fit.p95_seconds),
        "fitted": {"medianSeconds": _rounded(fitted.median_seconds), "p95Seconds": _rounded(fitted.p95_seconds)},
        "spread": fit.spread,
        "p95RangeSeconds": None if fit.p95_range_seconds is None else [_rounded(one) for one in fit.p95_range_seconds],
        "distance": _rounded(fit.distance),
        "isPoor": fit.is_poor,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
