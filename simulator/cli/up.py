"""`drsim up` and `drsim down`: the engines that scenarios run on besides ours, by Docker or from a JAR."""

from pathlib import Path

import click

from simulator.cli.errors import PASSED

ENGINES = ("stepfunctions-local", "localstack")


@click.command(short_help="Start Step Functions Local or LocalStack for scenarios.")
@click.argument("engine", type=click.Choice(ENGINES), default=ENGINES[0])
@click.option(
    "--speed",
    type=click.FloatRange(0.001, 10_000),
    default=1.0,
    show_default=True,
    help="How much shorter it waits, if it can.",
)
@click.option("--region", default="us-east-1", show_default=True, help="The Region of Step Functions Local.")
@click.option("--world", metavar="URL", help="Where it looks for the account; default: where `drsim run` serves it.")
@click.option("--served", is_flag=True, help="Start `drsim serve` in a container beside it, and let it call that.")
@click.option(
    "--jar",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Run Step Functions Local from this JAR instead of by Docker.",
)
@click.option("--java", default="java", show_default=True, help="The Java that runs the JAR.")
def up(engine: str, speed: float, region: str, world: str | None, served: bool, jar: Path | None, java: str) -> int:
    """Start an engine and wait until it answers. Exit code: 0 it does, 2 drsim could not do its job."""
    from simulator.cli.engines import Start, start_by_docker, start_jar  # noqa: PLC0415

    if jar is not None and (engine != ENGINES[0] or served):
        raise click.UsageError("--jar is for stepfunctions-local, and goes without --served")
    start = Start(engine, speed, region, world, served)
    click.echo(start_by_docker(start) if jar is None else start_jar(start, jar, java))
    return PASSED


@click.command(short_help="Stop what `drsim up` has started.")
def down() -> int:
    """Stop the engines that `drsim up` started in this folder. Exit code: 0 they are gone, 2 drsim could not do its job."""
    from simulator.cli.engines import stop_all  # noqa: PLC0415

    for line in stop_all():
        click.echo(line)
    return PASSED
