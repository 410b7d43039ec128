"""Which AWS operations a system can call at all, as far as reading its code and its state machine tells.

Every name and text in the handlers' modules counts, whatever it is for: what is not among them is not called.
"""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from simulator.account.sandbox import Code
from simulator.scenario.model import Scenario
from simulator.targets.artefacts import modules_of

_WORD_BEGINS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# What boto3 calls under another name than the operation's.
_BEHIND = {
    "batch_writer": {"BatchWriteItem"},
    "upload_file": {"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"},
    "upload_fileobj": {"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"},
    "download_file": {"GetObject", "HeadObject"},
    "download_fileobj": {"GetObject", "HeadObject"},
}


class Called:
    """What a scenario's system may call."""

    def __init__(self, scenario: Scenario, definition: str) -> None:
        self._is_known = scenario.system.template is None  # else the code is the template's, wherever that has it from
        self._words = frozenset(_words_of_handlers(scenario))
        self._by_states = frozenset(call.lower() for call in _calls_of_states(json.loads(definition)))
        self._by_the_run = frozenset(_calls_of_the_run(scenario))

    def may_call(self, operation: str) -> bool:
        """Whether an operation such as `StartRecovery` may be called, by whichever service it is offered."""
        named = {operation, _WORD_BEGINS.sub("_", operation).lower()}
        is_behind = any(operation in calls for word, calls in _BEHIND.items() if word in self._words)
        in_code = not self._is_known or is_behind or not named.isdisjoint(self._words) or "get_waiter" in self._words
        return in_code or operation.lower() in self._by_states or operation in self._by_the_run


def _words_of_handlers(scenario: Scenario) -> Iterator[str]:
    codes = {Code(handler.code.file, handler.code.function) for handler in scenario.system.handlers.values()}
    modules = {module for code in codes for module in modules_of(code)}
    for module in modules:
        try:
            tree = ast.parse(module.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue  # whoever imports it will say what is wrong with it
        yield from _words(tree)


def _words(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=word) | ast.Name(id=word):
                yield word
            case ast.Constant(value=str(text)) if len(text) < 100:
                yield text


def _calls_of_states(definition: Any) -> Iterator[str]:
    """The operation in each Resource: that of `arn:aws:states:::sns:publish`, or Invoke for a function's own ARN."""
    match definition:
        case dict():
            resource = definition.get("Resource")
            if isinstance(resource, str):
                yield "Invoke" if ":function:" in resource else resource.rpartition(":")[2].partition(".")[0]
            for value in definition.values():
                yield from _calls_of_states(value)
        case list():
            for item in definition:
                yield from _calls_of_states(item)


def _calls_of_the_run(scenario: Scenario) -> Iterator[str]:
    """What the run itself calls, as people would from outside."""
    yield from ("StartExecution", "Invoke", "StopExecution", "TerminateRecoveryInstances")
    if scenario.steady_state:
        yield from ("DescribeSourceServers", "DescribeRecoveryInstances", "DescribeJobs")
