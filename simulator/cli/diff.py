"""`drsim diff`: where two runs part."""

from pathlib import Path

import click

_JOURNAL = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(short_help="Show where two journals part, and what follows.")
@click.argument("a", type=_JOURNAL)
@click.argument("b", type=_JOURNAL)
def diff(a: Path, b: Path) -> int:
    """Show where the journals A and B (of `drsim run --journal`) part, and what follows from it.

    Exit code: 0 no event differs, 1 some do, 2 drsim could not do its job.
    """
    from simulator.cli.comparing import compare_journals  # noqa: PLC0415

    return compare_journals(a, b)
