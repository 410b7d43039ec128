"""`drsim package`: what is to be deployed, in a folder."""

from pathlib import Path

import click

from simulator.cli.errors import PASSED


@click.command(short_help="Package the orchestrator for CloudFormation.")
@click.option(
    "--source",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The folder with asl/, orchestration/ and cfn/; default: the ones that come with drsim.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("build/package"),
    show_default=True,
    metavar="DIR",
    help="The folder to write to.",
)
def package(source: Path | None, output: Path) -> int:
    """Package the orchestrator: its functions as a zip, its state machine, its templates and a manifest of their digests.

    The same files give the same bytes. Exit code: 0 packaged, 2 drsim could not do its job.
    """
    from simulator.packaging.package import MANIFEST, write  # noqa: PLC0415
    from simulator.scenario.bundled import bundle_root  # noqa: PLC0415

    manifest = write(source or bundle_root(), output)
    for kind, digest in manifest.digests.items():
        click.echo(f"{kind:5}{digest}")
    vendored = ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())
    click.echo(f"{len(manifest.files) + 1} files in {output}, {MANIFEST} among them; the zip holds {vendored}")
    return PASSED
