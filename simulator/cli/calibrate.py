"""`drsim calibrate`: fit a latency profile to recorded jobs."""

import re
from pathlib import Path

import click

BASES = ("linux-direct", "windows-direct", "extended")


class _Pair(click.ParamType[tuple[Path, str]]):
    """`drsjob-...=FILE`."""

    name = "JOB=FILE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Path, str]:
        match = re.fullmatch(r"(drsjob-[0-9a-zA-Z]{17})=(.+)", str(value))
        if not match:
            self.fail(
                f"expected a job's id and the file with its log, such as drsjob-5fb1...=log.json, found {value!r}", param
            )
        return Path(match[2]), match[1]


@click.command(short_help="Fit a latency profile to recorded jobs.")
@click.argument("captures", nargs=-1, type=click.Path(path_type=Path, allow_dash=True), metavar="CAPTURE...")
@click.option(
    "--job", "pairs", type=_Pair(), multiple=True, help="FILE is the log of that job. For files that do not tell themselves."
)
@click.option(
    "--base",
    type=click.Choice(BASES),
    default="linux-direct",
    show_default=True,
    help="The profile that fills in what captures do not tell.",
)
@click.option("--name", metavar="NAME", help="What the profile is called. Default: as its file, else `calibrated`.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the profile to FILE. Default: NAME.yaml",
)
@click.option("--json", "is_json", is_flag=True, help="Print the fit as JSON instead of a table.")
def calibrate(
    captures: tuple[Path, ...],
    pairs: tuple[tuple[Path, str], ...],
    base: str,
    name: str | None,
    output: Path | None,
    is_json: bool,
) -> int:
    """Fit a latency profile to what the AWS CLI printed of real jobs, and show the fit beside the samples.

    Each CAPTURE is a file, a folder of .json files, or - for standard input, with JSON answers of `aws drs describe-jobs`
    and `aws drs describe-job-log-items` in any mixture; those of `aws ec2 describe-instances` tell how long instances boot.
    A log belongs to the job whose id is in its file's name, or to the described job that it fits.

    Exit code: 0 the profile is written, 2 drsim could not do its job.
    """
    from simulator.cli.calibration import Request, run_calibration  # noqa: PLC0415

    if not captures and not pairs:
        raise click.UsageError("name at least one CAPTURE")
    return run_calibration(Request(captures, dict(pairs), base, name, output, is_json))
