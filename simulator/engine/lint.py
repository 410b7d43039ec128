"""A linter that says more than Step Functions does: what is accepted, and yet probably not meant."""

from collections.abc import Iterator
from dataclasses import dataclass

from simulator.engine.definition import find_problems
from simulator.engine.json_text import decode
from simulator.engine.lint_bounds import check_bounds
from simulator.engine.lint_payloads import check_payloads
from simulator.engine.lint_rules import RULES, Level, Note, code_of
from simulator.engine.lint_states import check_states
from simulator.engine.source import locate
from simulator.errors import Problem
from simulator.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class Lint:
    """One finding. `line` and `column` count from 1, None where the text has no such place.

    `code` is a key of `lint_rules.RULES`; `explanation` says why it matters, `fix` how to mend it (or is empty).
    """

    code: str
    level: Level
    source: str
    line: int | None
    column: int | None
    message: str
    explanation: str
    fix: str

    @property
    def where(self) -> str:
        """`source:line:column`."""
        return self.source if self.line is None else f"{self.source}:{self.line}:{self.column}"

    @property
    def problem(self) -> Problem:
        """The finding as other mistakes of a user are shown."""
        return Problem(self.where, f"{self.message} [{self.code}]", self.fix)


def lint(text: str, source: str = "definition", *, is_express: bool = False) -> list[Lint]:
    """What Step Functions would refuse, or if there is nothing of that, what is doubtful; in the order of the text."""
    if problems := find_problems(text, source, is_express=is_express):
        return [_refused(problem, source) for problem in problems]
    found = [_shown(note, text, source) for note in _notes(decode(text), is_express)]
    return sorted(found, key=lambda lint: (lint.line or 0, lint.column or 0, lint.code))


def _notes(definition: JsonObject, is_express: bool) -> Iterator[Note]:
    language = str(definition.get("QueryLanguage", "JSONPath"))
    yield from check_states(definition, language)
    yield from check_bounds(definition, is_express=is_express)
    yield from check_payloads(definition, language)


def _shown(note: Note, text: str, source: str) -> Lint:
    rule = RULES[note.code]
    line, column = locate(text, note.at) or (None, None)
    return Lint(note.code, rule.level, source, line, column, note.message, rule.explanation, note.fix)


def _refused(problem: Problem, source: str) -> Lint:
    rule = RULES[code_of(problem.message)]
    place = [int(number) for number in problem.where.removeprefix(source).split(":")[1:]]
    line, column = place if len(place) == 2 else (None, None)
    return Lint(rule.code, rule.level, source, line, column, problem.message, rule.explanation, problem.hint)
