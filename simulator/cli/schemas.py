"""What `drsim schema` prints."""

import json
from collections.abc import Callable
from pathlib import Path

import click

from simulator.cli.errors import PASSED
from simulator.cli.files import make_folder, write_text
from simulator.json_types import JsonObject
from simulator.report.json_schema import report_schema
from simulator.scenario.schema import scenario_schema

_SCHEMAS: dict[str, Callable[[], JsonObject]] = {"scenario": scenario_schema, "report": report_schema}


def schema_text(kind: str) -> str:
    """A schema as a file's text."""
    return json.dumps(_SCHEMAS[kind](), indent=2, ensure_ascii=False) + "\n"


def print_schema(kind: str, output: Path | None) -> int:
    """Print a schema, or write it; the exit code. Raises UserError."""
    if output is None:
        click.echo(schema_text(kind), nl=False)
    else:
        make_folder(output.parent)
        write_text(output, schema_text(kind))
    return PASSED
