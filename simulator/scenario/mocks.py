"""`mocks`: what tasks answer by a `MockConfigFile.json`, the file with which Step Functions Local mocks service calls.

Its format is AWS's: test cases by state machine, which name a mocked response for each state, and the responses, which give
the invocations of a state (`"0"`, `"1-2"`) a result to `Return` or an error to `Throw`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, JsonValue, ValidationInfo, WithJsonSchema

from simulator.scenario.fields import Model, Name, existing_file, objection, refusal
from simulator.scenario.names import did_you_mean

_INVOCATIONS = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_SHOWN = 5  # problems of one file


@dataclass(frozen=True, slots=True)
class MockedAnswer:
    """What invocations `first` to `last` of a state get: `result`, or an error where `error` is not None."""

    first: int
    last: int
    result: JsonValue = None
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class MockedResponse:
    """A response by its name in the file: an answer for each invocation, from 0 on without a gap."""

    name: str
    answers: tuple[MockedAnswer, ...]

    def answer(self, invocation: int) -> MockedAnswer | None:
        """What an invocation gets, the first being 0; None beyond the last that the file gives."""
        return next((one for one in self.answers if one.first <= invocation <= one.last), None)


@dataclass(frozen=True, slots=True)
class MockFile:
    """A file that was read: the response of each state, by state machine and test case."""

    cases: Mapping[str, Mapping[str, Mapping[str, MockedResponse]]]

    def machine(self, name: str | None) -> str | None:
        """The state machine that is meant: the one that is named, or else the only one."""
        return name or (next(iter(self.cases)) if len(self.cases) == 1 else None)


def _file(value: Any, info: ValidationInfo) -> MockFile:
    if not isinstance(value, str) or not value.strip():
        raise refusal("expected the path of a MockConfigFile.json, relative to this file")
    path = existing_file(value, info)
    try:
        document = json.loads(path.read_text("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise objection(f"{value} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise objection(f"{value} is not JSON: {error}") from None
    problems: list[str] = []
    file = _read(document, problems)
    if problems:
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise objection(f"{value} cannot be used: {'; '.join(problems[:_SHOWN])}{more}")
    return file


def _known_machine(name: str | None, info: ValidationInfo) -> str | None:
    file = info.data.get("file")
    if isinstance(file, MockFile):
        if name is None and len(file.cases) != 1:
            raise objection(f"`stateMachine` must say which is meant: {', '.join(file.cases) or 'the file has none'}")
        if name is not None and name not in file.cases:
            raise objection(f"the mocks have no state machine `{name}`", did_you_mean(name, list(file.cases)))
    return name


def _known_case(name: str, info: ValidationInfo) -> str:
    file = info.data.get("file")
    machine = file.machine(info.data.get("state_machine")) if isinstance(file, MockFile) else None
    if isinstance(file, MockFile) and machine is not None and name not in file.cases[machine]:
        known = list(file.cases[machine])
        hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
        raise objection(f"{machine} has no test case `{name}`", hint)
    return name


class Mocks(Model):
    """A test case of a MockConfigFile.json. States that it does not name call what they always call."""

    noun: ClassVar[str] = "`mocks`"
    file: Annotated[InstanceOf[MockFile], BeforeValidator(_file), WithJsonSchema({"type": "string"})] = Field(
        description="the path of the MockConfigFile.json, relative to this file"
    )
    state_machine: Annotated[Name | None, AfterValidator(_known_machine)] = Field(
        None, description="the state machine's name in that file; not needed if there is only one", validate_default=True
    )
    test_case: Annotated[Name, AfterValidator(_known_case)] = Field(description="the test case to run")

    @property
    def responses(self) -> Mapping[str, MockedResponse]:
        """The response of each state that the test case mocks."""
        machine = self.file.machine(self.state_machine)
        assert machine is not None
        return self.file.cases[machine][self.test_case]


def _read(document: Any, problems: list[str]) -> MockFile:
    """The file's content; what is wrong with it is added to `problems`."""
    written = dict(_members(document, "MockedResponses", "it", problems))
    responses = {name: _response(name, steps, problems) for name, steps in written.items()}
    cases: dict[str, dict[str, dict[str, MockedResponse]]] = {}
    for machine, described in _members(document, "StateMachines", "it", problems):
        cases[machine] = {}
        for case, states in _members(described, "TestCases", f"state machine {machine}", problems):
            cases[machine][case] = dict(_mocked_states(f"{machine}#{case}", states, responses, problems))
    return MockFile(cases)


def _members(holder: Any, key: str, what: str, problems: list[str]) -> Iterator[tuple[str, Any]]:
    held = holder.get(key) if isinstance(holder, dict) else None
    if not isinstance(held, dict):
        problems.append(f"{what} needs `{key}`, an object")
        return
    yield from held.items()


def _mocked_states(
    case: str, states: Any, responses: Mapping[str, MockedResponse], problems: list[str]
) -> Iterator[tuple[str, MockedResponse]]:
    if not isinstance(states, dict):
        problems.append(f"{case} is no object of states")
        return
    for state, name in states.items():
        if name in responses:
            yield state, responses[name]
        else:
            hint = did_you_mean(str(name), list(responses))
            problems.append(f"{case} mocks {state} with `{name}`, which is no mocked response" + (hint and f" ({hint})"))


def _response(name: str, steps: Any, problems: list[str]) -> MockedResponse:
    answers = [_answer(f"{name}[{key!r}]", key, step, problems) for key, step in _steps(name, steps, problems)]
    ordered = sorted((one for one in answers if one is not None), key=lambda one: one.first)
    expected = 0
    for one in ordered:
        if one.first != expected:
            problems.append(f"the invocations of {name} must go on from 0: {expected} was due, not {one.first}")
            break
        expected = one.last + 1
    return MockedResponse(name, tuple(ordered))


def _steps(name: str, steps: Any, problems: list[str]) -> Iterator[tuple[str, Any]]:
    if not isinstance(steps, dict) or not steps:
        problems.append(f"{name} needs at least the answer to invocation 0, as an object")
        return
    yield from steps.items()


def _answer(what: str, key: str, step: Any, problems: list[str]) -> MockedAnswer | None:
    match = _INVOCATIONS.fullmatch(key)
    if match is None or int(match[2] or match[1]) < int(match[1]):
        problems.append(f"{what} is no invocation such as 0, nor a range such as 1-2")
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    match step:
        case {"Return": result, **rest} if not rest:
            return MockedAnswer(first, last, result)
        case {"Throw": {"Error": str(error), **rest}} if len(step) == 1 and not rest.keys() - {"Cause"}:
            return MockedAnswer(first, last, None, error, str(rest.get("Cause", "")))
    problems.append(f"{what} needs either `Return`, or `Throw` with `Error` and `Cause`")
    return None
