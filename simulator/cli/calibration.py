"""A calibration: read the captures, fit a profile, write it, and show the fit beside the samples."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from simulator import __version__
from simulator.cli.captured_files import CapturedFiles, read_captures
from simulator.cli.errors import PASSED
from simulator.cli.files import make_folder, write_text
from simulator.cli.fit_report import Calibration, fit_json, print_fit
from simulator.drs.calibration.captures import COMMANDS
from simulator.drs.calibration.fitting import Fit, fit_all
from simulator.drs.calibration.matching import Recorded, match
from simulator.drs.calibration.samples import samples_of
from simulator.drs.settings import PROFILES, Scaling
from simulator.errors import Problem, UserError
from simulator.report.terminal import make_console
from simulator.scenario.durations import format_duration
from simulator.scenario.profiles import NAME, Profile, profile_text


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for. `pairs` says of files whose log they are."""

    captures: Sequence[Path]
    pairs: Mapping[Path, str]
    base: str = "linux-direct"
    name: str | None = None
    output: Path | None = None
    is_json: bool = False


def run_calibration(request: Request) -> int:
    """Do it; the exit code. Raises UserError for captures that cannot be read, contradict themselves or tell nothing."""
    name, output = _target(request)
    calibration = _calibrated(read_captures(request.captures, request.pairs), request.base)
    profile = _profile(calibration, name)
    make_folder(output.parent)
    write_text(output, profile_text(profile))
    if request.is_json:
        sys.stdout.write(fit_json(calibration, name, output))
    else:
        print_fit(make_console(sys.stdout), calibration)
        click.echo(f"wrote {output}: name it as the `profile` of a scenario's fleet, by its path from there")
    return PASSED


def rounded_ms(seconds: float) -> int:
    """A latency in milliseconds, to three digits or so: more would pretend to know."""
    grain = 1000 if seconds >= 100 else 100 if seconds >= 10 else 10 if seconds >= 1 else 1
    return max(1, round(seconds * 1000 / grain) * grain)


def _target(request: Request) -> tuple[str, Path]:
    """The profile's name and its file. Raises UserError for names that a profile cannot have."""
    name = request.name or (request.output.stem if request.output else "calibrated")
    output = request.output or Path(f"{name}.yaml")
    if not re.fullmatch(NAME, name):
        raise UserError([Problem("--name", f"expected a name of letters, digits, dots and dashes, found {name!r}")])
    if output.suffix not in (".yaml", ".yml"):
        raise UserError([Problem(str(output), "expected a file that ends in .yaml: scenarios know a profile file by that")])
    return name, output


def _calibrated(files: CapturedFiles, base: str) -> Calibration:
    captures = files.captures
    matched = match([job for one in captures for job in one.jobs], [log for one in captures for log in one.logs])
    if matched.problems:
        raise UserError(matched.problems)
    launched = {instance: at for one in captures for instance, at in one.launched.items()}
    samples = samples_of(matched.jobs, launched, Scaling())
    if not any(samples.by_phase.values()):
        raise UserError([Problem("captures", "no job's log in them tells how long a phase took", COMMANDS)])
    notes = [*_together([*files.left_out, *matched.notes]), *_unlogged(matched.jobs)]
    return Calibration(base, files.files, matched.jobs, samples, fit_all(samples, PROFILES[base]), notes)


def _unlogged(jobs: Sequence[Recorded]) -> Sequence[Problem]:
    without = [job.job.id for job in jobs if job.job and not job.items]
    hint = "get it with aws drs describe-job-log-items --job-id ..."
    return _together([Problem(identifier, "no log, so nothing to measure", hint) for identifier in without])


def _together(notes: Sequence[Problem]) -> Sequence[Problem]:
    """Notes that say the same of several places in one."""
    places: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        places.setdefault((note.message, note.hint), []).append(note.where)
    return [Problem(_enumerated(where), message, hint) for (message, hint), where in places.items()]


def _enumerated(where: Sequence[str]) -> str:
    return ", ".join(where[:3]) + (f" and {len(where) - 3} more" if len(where) > 3 else "")


def _profile(calibration: Calibration, name: str) -> Profile:
    fitted = {phase: fit for phase, fit in calibration.fits.items() if fit.samples}
    begun = sorted(at for job in calibration.jobs if (at := job.begun))
    return Profile.model_validate(
        {
            "name": name,
            "base": calibration.base,
            "latency": {phase: _latency(fit) for phase, fit in fitted.items()},
            "calibrated": {
                "drsim": __version__,
                "jobs": calibration.measured_jobs,
                "firstJob": begun[0].isoformat(),
                "lastJob": begun[-1].isoformat(),
                "samples": {phase: len(fit.samples) for phase, fit in fitted.items()},
                "files": [{"name": Path(file.name).name, "sha256": file.sha256} for file in calibration.files],
            },
        }
    )


def _latency(fit: Fit) -> dict[str, str]:
    """A latency as a profile file has it, its 95th percentile above its median even after rounding."""
    median_ms = rounded_ms(fit.distribution.median_seconds)
    p95_ms = max(rounded_ms(fit.distribution.p95_seconds or 0), median_ms + max(1, median_ms // 100))
    return {"median": format_duration(median_ms), "p95": format_duration(p95_ms)}
