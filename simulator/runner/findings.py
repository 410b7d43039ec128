"""What `drsim check` finds: rules with stable codes that strike at places in files, what is wrong there, and the fix."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.engine.lint import Lint
from simulator.engine.lint_rules import RULES as DEFINITION_RULES
from simulator.engine.lint_rules import Level, Rule, code_of
from simulator.errors import DefinitionError, HandlerError, Problem, UserError

_ERRORS = {
    "invalid-scenario": "A scenario file, or what it builds on, cannot be run as it is written.",
    "invalid-handler": "A Lambda function's code cannot be imported, so that no invocation of it could begin.",
}
_WARNINGS = {
    "fault-never-matches": "No handler's code and no state of the machine calls the operation, so that the fault has nothing"
    " to hit; the run would pass without having been tried.",
    "check-never-matches": "No handler's code and no state of the machine calls the operation that is counted.",
    "fault-after-horizon": "The run is given up before the fault begins.",
    "operator-after-horizon": "The run is given up before the operator acts.",
    "horizon-too-short": "Even a recovery in which everything takes its median time is given up before it ends.",
    "threshold-beyond-seeds": "With so few seeds the percentile is the slowest run, and a share is all runs or none: the"
    " bound says less than it seems.",
    "baseline-missing": "A drift can only be told from a baseline, and the file does not have this scenario's.",
    "wave-timeout-too-short": "The wave times out before a job that takes its median time has ended.",
    "machine-timeout-too-short": "The state machine's TimeoutSeconds ends an execution that does not even wait for"
    " anything but its waves, and nothing can be caught or recorded then.",
}
RULES: Mapping[str, Rule] = {
    **{code: Rule(code, Level.ERROR, text) for code, text in _ERRORS.items()},
    **{code: Rule(code, Level.WARNING, text) for code, text in _WARNINGS.items()},
    **DEFINITION_RULES,
}
"""Every rule by its code: those of scenarios, then those of state machines. Codes never change their meaning."""

_PLACE = re.compile(r"(?P<path>.*?)(?::(?P<line>[0-9]+)(?::(?P<column>[0-9]+))?)?")


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `where` is `file`, `file:line` or `file:line:column`; `fix` says how to mend it, or is empty."""

    code: str
    where: str
    message: str
    fix: str = ""

    @property
    def rule(self) -> Rule:
        """The rule that strikes, with its level and explanation."""
        return RULES[self.code]

    @property
    def is_error(self) -> bool:
        """Whether the scenario cannot be run, or an execution must fail; else it is only doubtful."""
        return self.rule.level is Level.ERROR

    @property
    def place(self) -> tuple[str, int | None, int | None]:
        """The file, and line and column (from 1) where they are known."""
        match = _PLACE.fullmatch(self.where)
        assert match is not None
        path, line, column = match["path"], match["line"], match["column"]
        return path, None if line is None else int(line), None if column is None else int(column)

    def __str__(self) -> str:
        level = "" if self.is_error else "warning: "
        return f"{self.where}: {level}{self.message} [{self.code}]" + (f" ({self.fix})" if self.fix else "")


def findings_of(error: UserError) -> list[Finding]:
    """What kept a scenario from being set up, as findings."""
    return [Finding(_code(error, problem), problem.where, problem.message, problem.hint) for problem in error.problems]


def finding_of(lint: Lint) -> Finding:
    """What the linter says of a state machine, as a finding."""
    return Finding(lint.code, lint.where, lint.message, lint.fix)


def _code(error: UserError, problem: Problem) -> str:
    match error:
        case DefinitionError():
            return code_of(problem.message)
        case HandlerError():
            return "invalid-handler"
        case _:
            return "invalid-scenario"
