"""The linter's rules: a stable code for each, how grave it is, and why it matters."""

from dataclasses import dataclass
from enum import StrEnum

from simulator.engine.findings import END, JSONATA_SYNTAX, JSONATA_USE, SCHEMA, TARGET, Pointer


class Level(StrEnum):
    """How grave a finding is: Step Functions refuses it or an execution must fail; or it is only doubtful."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code stands for. `explanation` is a sentence or two that hold wherever the rule strikes."""

    code: str
    level: Level
    explanation: str


@dataclass(frozen=True, slots=True)
class Note:
    """A rule that strikes: where, what is wrong there, and how to mend it."""

    code: str
    at: Pointer
    message: str
    fix: str


_ERRORS = {
    "invalid-json": "A definition is a JSON document of at most 1 MB.",
    "invalid-definition": "Step Functions refuses to create a state machine whose definition breaks a rule of the language.",
    "unknown-state": "Next, Default and StartAt must name a state of the same workflow.",
    "unreachable-state": "Step Functions refuses a state that nothing leads to.",
    "no-terminal-state": "A workflow in which no state ends can never end; Step Functions refuses it.",
    "not-a-path": "The value of a field whose name ends in .$ is a path or the call of an intrinsic function.",
    "invalid-jsonata": "An expression between {% and %} must be JSONata that has something to refer to.",
    "no-way-out": "Once an execution is in these states, no transition leads out of them: it goes round until it is full.",
    "dropped-field": "A path that finds nothing fails the execution with States.Runtime, which nobody can catch."
    " Only what a state puts out reaches the next one.",
    "timeout-unreachable": "The time limit of the whole machine ends the execution as TIMED_OUT, and nothing can be caught"
    " or recorded then; a limit or wait inside that is not shorter can never be met.",
}
_WARNINGS = {
    "choice-without-default": "An input that no rule matches fails the execution with States.Runtime,"
    " which nobody can catch.",
    "task-without-retry": "Services throttle and fail for moments; without Retry the first such moment is a failure.",
    "task-without-catch": "Without Catch an error ends the execution where it stands, and nothing can be recorded.",
    "token-without-timeout": "A token that nobody answers keeps the execution waiting, at most for a year.",
    "token-not-passed": "Nobody can answer a token that nobody was given.",
    "heartbeat-not-shorter": "A heartbeat that may take as long as the task itself never misses before the task times out.",
    "uncatchable-error": "Some errors end the execution whatever Retry and Catch say.",
    "unreachable-rule": "Rules are tried in order; one whose errors all match an earlier rule is never used.",
    "catch-replaces-input": "A catcher puts the error in the place of the input unless ResultPath says where else,"
    " and everything the execution knew is gone.",
    "path-as-text": "Only fields whose name ends in .$ are evaluated; others are passed on letter by letter.",
    "template-in-result": "Result is taken as it is; nothing in it is evaluated.",
    "context-with-one-dollar": "$ is the state's input; the context object (Execution, State, Map, Task) begins with $$.",
    "jsonpath-in-jsonata": "In a JSONata state nothing but {% ... %} is evaluated; fields named x.$ are passed on"
    " as they are.",
    "unbounded-loop": "A loop that nothing bounds goes round until something else changes; if it never does, the execution"
    " ends when its history is full.",
    "timeout-shorter-than-retries": "The attempts of one state alone may take longer than the machine may.",
}
RULES = {
    **{code: Rule(code, Level.ERROR, text) for code, text in _ERRORS.items()},
    **{code: Rule(code, Level.WARNING, text) for code, text in _WARNINGS.items()},
}
"""Every rule by its code. Codes never change their meaning."""

_OF_SERVICE = {
    "INVALID_JSON_DESCRIPTION": "invalid-json", TARGET: "unknown-state", END: "no-terminal-state",
    JSONATA_SYNTAX: "invalid-jsonata", JSONATA_USE: "invalid-jsonata", SCHEMA: "invalid-definition",
}  # fmt: skip


def code_of(refusal: str) -> str:
    """Our code for what Step Functions refuses in its own words (`CODE: message at /States/X`)."""
    if "is not reachable" in refusal:
        return "unreachable-state"
    if ".$' must be a valid JSONPath" in refusal:
        return "not-a-path"
    return _OF_SERVICE.get(refusal.partition(":")[0], "invalid-definition")
