"""`drsim check`: look for mistakes in scenarios without running them."""

from pathlib import Path

import click


@click.command(short_help="Tell what is wrong with scenarios, without running them.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATHS]...")
@click.option("--strict", is_flag=True, help="Take warnings for problems.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "sarif", "github"]),
    default="text",
    show_default=True,
    help="SARIF is what code scanning reads; github makes annotations in GitHub Actions.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the findings to FILE; they are still told as text.",
)
def check(paths: tuple[Path, ...], strict: bool, format_name: str, output: Path | None) -> int:
    """Check the scenarios in PATHS, files or folders (default: scenarios/), without running them.

    Looks at the files themselves, the state machines and the handlers they name. Each finding has a code, which
    docs/findings.md explains. Exit code: 0 no problems, 2 some.
    """
    from simulator.cli.inspection import inspect_scenarios  # noqa: PLC0415

    return inspect_scenarios(paths or (Path("scenarios"),), format_name=format_name, output=output, is_strict=strict)
