"""`drsim schema`: JSON Schemas, for editors and for programs that read reports."""

from pathlib import Path

import click

KINDS = ("scenario", "report")


@click.command(short_help="Print the JSON Schema of scenario files, or of reports.")
@click.argument("kind", type=click.Choice(KINDS), default="scenario")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it to FILE, not to the terminal.",
)
def schema(kind: str, output: Path | None) -> int:
    """Print the JSON Schema (draft 7) of scenario files, or of what `drsim run --format json` writes.

    An editor with a YAML language server checks and completes scenarios by it, once their first line says where it is:

        # yaml-language-server: $schema=../.drsim/scenario.schema.json

    Exit code: 0 it was written, 2 it could not be.
    """
    from simulator.cli.schemas import print_schema  # noqa: PLC0415

    return print_schema(kind, output)
