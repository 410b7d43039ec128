"""Reading a state machine definition: JSON in, a frozen `Machine` out, or everything that is wrong with it."""

import json
from typing import Any

from simulator.engine import schema
from simulator.engine.compiler import Compiler
from simulator.engine.findings import SCHEMA, Finding, Pointer, refusal
from simulator.engine.json_faults import fault, quoted_place
from simulator.engine.json_text import decode, size_bytes
from simulator.engine.machine import Machine
from simulator.engine.source import line_and_column, locate
from simulator.errors import DefinitionError, Problem

MAX_DEFINITION_BYTES = 1_048_576
INVALID_JSON = "INVALID_JSON_DESCRIPTION"


def parse(text: str, source: str = "definition", *, is_express: bool = False) -> Machine:
    """The machine that a definition describes.

    `source` names the file in messages; an Express workflow (`is_express`) may not wait for tokens, jobs or workers. Raises
    `DefinitionError` with one problem for everything that Step Functions would refuse at creation; each problem's message
    is in Step Functions' words (`CODE: text at /States/X`), so that `refusal_message` can give the InvalidDefinition error
    it would answer with.
    """
    if size_bytes(text) > MAX_DEFINITION_BYTES:
        raise DefinitionError(
            [Problem(source, f"{INVALID_JSON}: the definition is longer than {MAX_DEFINITION_BYTES} bytes")]
        )
    definition = _decode(text, source)
    if findings := schema.check(definition, is_express=is_express):
        raise _error(text, source, findings)
    compiler = Compiler()
    try:
        branch = compiler.branch(definition, (), str(definition.get("QueryLanguage", "JSONPath")))
    except RecursionError as error:
        raise definition_error(text, "nested too deeply") from error
    if compiler.findings:
        raise _error(text, source, compiler.findings)
    return Machine(
        text=text,
        comment=str(definition.get("Comment", "")),
        query_language=str(definition.get("QueryLanguage", "JSONPath")),
        timeout_seconds=definition.get("TimeoutSeconds"),
        start_at=branch.start_at,
        states=branch.states,
    )


def find_problems(text: str, source: str = "definition", *, is_express: bool = False) -> list[Problem]:
    """All that Step Functions would refuse a definition for; empty if it would take it."""
    try:
        parse(text, source, is_express=is_express)
    except DefinitionError as error:
        return list(error.problems)
    return []


def refusal_message(error: DefinitionError, text: str = "") -> str:
    """The message of the InvalidDefinition error with which CreateStateMachine would answer to a text."""
    if told := json_refusal(text):
        return refusal([f"{INVALID_JSON}: {told[0]} at {told[1]}"])
    return refusal([problem.message for problem in error.problems])


def json_refusal(text: str) -> tuple[str, str] | None:
    """Why a text is no JSON, as Step Functions tells of it, and where; None for one that is, or is empty."""
    try:
        if text.strip():
            decode(text)
    except json.JSONDecodeError as error:
        message, end = fault(error)
        place = quoted_place(text, *line_and_column(text, end))
        return f"{message}\n at {place}", place
    except ValueError:
        pass
    return None


def _decode(text: str, source: str) -> Any:
    if not text.strip():
        raise DefinitionError([Problem(source, f"{SCHEMA}: Definition must be a valid JSON object")])
    try:
        return decode(text)
    except json.JSONDecodeError as error:
        message, _ = fault(error)
        line, column = line_and_column(text, error.pos)
        where = f"{source}:{line}:{column}"
        raise DefinitionError([Problem(where, f"{INVALID_JSON}: {message}", "the file must be JSON")]) from error
    except ValueError as error:
        raise DefinitionError([Problem(source, f"{INVALID_JSON}: {error}")]) from error


def definition_error(text: str, findings: str | list[Finding]) -> DefinitionError:
    """The error for a part of a definition that cannot be used: its findings, or why it is no JSON."""
    if isinstance(findings, str):
        return DefinitionError([Problem("definition", f"{INVALID_JSON}: {findings}")])
    return _error(text, "definition", findings)


def _error(text: str, source: str, findings: list[Finding]) -> DefinitionError:
    return DefinitionError(
        [
            Problem(where(text, source, finding.spot or finding.pointer or ()), finding.text, finding.hint)
            for finding in findings[: schema.MAX_FINDINGS]
        ]
    )


def where(text: str, source: str, pointer: Pointer) -> str:
    """`source:line:column` of what a pointer names."""
    place = locate(text, pointer)
    return f"{source}:{place[0]}:{place[1]}" if place else source
