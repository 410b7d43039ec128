"""What `--format` takes: `junit`, or `junit=FILE`."""

from pathlib import Path
from typing import Any

import click

FORMATS = ("text", "json", "junit", "html", "markdown", "github")


class Format(click.ParamType[tuple[str, Path | None]]):
    """A format's name and, after `=`, the file that its report goes to."""

    name = "format"

    def get_metavar(self, *_: Any, **__: Any) -> str:
        """How help shows it."""
        return "NAME[=FILE]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path | None]:
        """Read it, or say what it might be."""
        name, sign, file = str(value).partition("=")
        if name not in FORMATS:
            self.fail(f"{name!r} is not one of {', '.join(FORMATS)}", param, ctx)
        if sign and not file:
            self.fail(f"{value!r} names no file", param, ctx)
        return name, Path(file) if file else None
