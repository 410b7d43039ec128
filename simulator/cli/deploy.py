"""`drsim deploy`: a package to CloudFormation, if scenarios have passed with just what is in it."""

import re
import time
from pathlib import Path
from typing import Any

import click

from simulator.cli.errors import CHECK_FAILED, PASSED, print_problems


def _parameters(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    for text in texts:
        if not re.match(r"[A-Za-z0-9]+=", text):
            raise click.BadParameter(f"expected NAME=VALUE, found {text!r}")
    return dict(text.split("=", 1) for text in texts)


@click.command(short_help="Deploy a package whose scenarios have passed.")
@click.argument("package", type=click.Path(path_type=Path, file_okay=False), default=Path("build/package"))
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="The JSON report of the scenarios: drsim run --format json --output FILE.",
)
@click.option("--stack", required=True, metavar="NAME", help="The CloudFormation stack to create or update.")
@click.option("--bucket", required=True, metavar="NAME", help="The S3 bucket for the package, in the stack's Region.")
@click.option("--region", metavar="REGION", help="The Region; default: what the AWS configuration says.")
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    callback=_parameters,
    metavar="NAME=VALUE",
    help="A parameter of cfn/root.yaml.",
)
@click.option("--endpoint-url", metavar="URL", help="Another endpoint than AWS's, such as that of drsim serve.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
def deploy(package: Path, report: Path, dry_run: bool, **target: Any) -> int:
    """Deploy the package in the folder PACKAGE (default: build/package) through a change set.

    It is refused unless all scenarios of the report passed, and ran the very state machine, code and templates that are in
    the package. Exit code: 0 deployed, 1 refused or the stack failed, 2 drsim could not do its job.
    """
    from simulator.errors import UserError  # noqa: PLC0415
    from simulator.packaging.evidence import objections, read_report  # noqa: PLC0415
    from simulator.packaging.package import read  # noqa: PLC0415

    manifest, entries = read(package), read_report(report)
    if problems := objections(entries, manifest, report):
        print_problems(UserError(problems))
        click.echo("not deployed: these scenarios are no evidence for this package", err=True)
        return CHECK_FAILED
    click.echo(f"{len(entries)} scenarios passed with what is in {package}")
    from simulator.deploying.deployment import Deployment, Target  # noqa: PLC0415

    target["endpoint"] = target.pop("endpoint_url")
    deployment = Deployment(package, manifest, Target(**target), click.echo, time.sleep)  # noqa: TID251  AWS's time
    if dry_run:
        deployment.rehearse()
        return PASSED
    return PASSED if deployment.run() else CHECK_FAILED
