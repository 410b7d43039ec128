"""The project that `drsim init` sets up."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click

from simulator.cli.errors import PASSED
from simulator.cli.files import make_folder, write_text
from simulator.cli.schemas import schema_text

_TEMPLATES = Path(__file__).with_name("templates")
_WORKFLOW = ".github/workflows/drsim.yaml"
_PRE_COMMIT = ".pre-commit-config.yaml"


def set_up(folder: Path, *, is_forced: bool) -> int:
    """Write the project's files into a folder and say what became of each; the exit code. Raises UserError."""
    make_folder(folder)
    kept = [name for name, text in _files() if not _write(folder / name, text(), is_forced=is_forced)]
    if kept:
        click.echo(f"\n{len(kept)} kept as they were; drsim init --force replaces them.")
    if _PRE_COMMIT in kept:
        click.echo(
            f"To check scenarios before each commit, add to {_PRE_COMMIT}:\n\n{_template('pre-commit.yaml')}", nl=False
        )
    _tell_what_is_next(folder)
    return PASSED


def set_up_from(template: Path, folder: Path, *, is_forced: bool) -> int:
    """Write a scenario that runs a template's state machine, and say what became of it; the exit code. Raises UserError."""
    from simulator.cli.first_scenario import first_scenario  # noqa: PLC0415

    path = folder / "scenarios" / f"{template.absolute().parent.name or 'first'}.yaml"
    text = first_scenario(template, path)
    _write(path, text, is_forced=is_forced)
    click.echo(f"\nNext:\n  drsim run {path}\n  drsim check {path}")
    return PASSED


def _tell_what_is_next(folder: Path) -> None:
    steps = {
        "drsim run": "recovers the three tiers of a made-up fleet",
        "edit scenarios/three-tiers.yaml": "your servers, your faults, your objectives",
        "drsim check": "tells what is wrong with it, with line and column",
    }
    if folder.resolve() != Path.cwd():
        steps = {f"cd {folder}": "", **steps}
    width = max(map(len, steps))
    click.echo("\nNext:\n" + "\n".join(f"  {step:<{width}}  {purpose}".rstrip() for step, purpose in steps.items()))


def _files() -> Iterator[tuple[str, Callable[[], str]]]:
    """Every file of a project, and what makes its text."""
    for name, template in _FROM_TEMPLATES.items():
        yield name, lambda template=template: _template(template)  # type: ignore[misc]
    yield ".drsim/scenario.schema.json", lambda: schema_text("scenario")


_FROM_TEMPLATES: Mapping[str, str] = {
    "scenarios/three-tiers.yaml": "three-tiers.yaml",
    "plans/three-tiers.json": "three-tiers.json",
    _WORKFLOW: "workflow.yaml",
    _PRE_COMMIT: "pre-commit.yaml",
}


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _write(path: Path, text: str, *, is_forced: bool) -> bool:
    """Write a file unless another is there; whether it is now as it should be."""
    is_there = os.path.lexists(path)
    is_same = is_there and _text_of(path) == text
    if is_there and not is_same and not is_forced:
        click.echo(f"  kept      {path} (it is there already)")
        return False
    if not is_same:
        make_folder(path.parent)
        write_text(path, text)
    click.echo(f"  {'unchanged' if is_same else 'replaced' if is_there else 'wrote'}".ljust(12) + str(path))
    return True


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
