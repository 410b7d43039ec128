"""What happens in a run, as people say it: a sentence in the file, a value in the program.

Faults and operators wait for such moments, and expectations put them in order.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from simulator.scenario.durations import parse_duration_ms
from simulator.scenario.fields import objection, refusal
from simulator.scenario.names import Names, did_you_mean

EXAMPLES = (
    "a moment such as `wave app starts`, `db-01 is launched`, `state AwaitJob is entered`, `drs:StartRecovery is called`, "
    "`job logs LAUNCH_START of db-01`, `fault X fires`, `operator decides pause`, `told TEXT`, `execution ends` or `12m`"
)


@dataclass(frozen=True, slots=True)
class WaveStarts:
    """The recovery of the wave's first server is asked for."""

    wave: str


@dataclass(frozen=True, slots=True)
class WaveIsLaunched:
    """The wave's last server has launched."""

    wave: str


@dataclass(frozen=True, slots=True)
class WaveFails:
    """The first of the wave's servers fails to launch."""

    wave: str


@dataclass(frozen=True, slots=True)
class ServerIs:
    """A server's launch ends: `status` is LAUNCHED or FAILED."""

    server: str
    status: str


@dataclass(frozen=True, slots=True)
class StateIs:
    """Something befalls a state: `what` is entered, left, retried or caught."""

    state: str
    what: str


@dataclass(frozen=True, slots=True)
class CallIs:
    """A call of an operation (`service:Operation`): `what` is called, accepted, refused or answered (with `error`)."""

    operation: str
    what: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class JobLogs:
    """An item appears in a DRS job's log, of a server or, with None, of any."""

    event: str
    server: str | None


@dataclass(frozen=True, slots=True)
class FaultFires:
    """A fault of the scenario takes effect."""

    fault: str


@dataclass(frozen=True, slots=True)
class OperatorDecides:
    """An operator's decision is accepted, on the execution or on a wave."""

    operation: str
    wave: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """A notification is published whose subject or message contains a text."""

    text: str


@dataclass(frozen=True, slots=True)
class ExecutionIs:
    """Something befalls the first execution: starts, ends, succeeds, fails, aborted or paused."""

    what: str


@dataclass(frozen=True, slots=True)
class FunctionIs:
    """A function is invoked, returns or fails, by the name it is deployed under."""

    function: str
    what: str


@dataclass(frozen=True, slots=True)
class At:
    """An instant of the run, in milliseconds since its start."""

    at_ms: int


Kind = (
    WaveStarts | WaveIsLaunched | WaveFails | ServerIs | StateIs | CallIs | JobLogs | FaultFires | OperatorDecides | Told
    | ExecutionIs | FunctionIs | At
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trigger:
    """The `nth` time that something happens; `sentence` is how it was written."""

    kind: Kind
    nth: int = 1
    sentence: str = ""


_OPERATION = r"(?P<operation>[a-z][a-z0-9-]*:[A-Z][A-Za-z0-9]*)"
_STATE = r"(?P<state>[A-Za-z][\w./-]*)"
_WHAT = {"is entered": "entered", "is left": "left", "is retried": "retried", "is caught": "caught"}
_ENDS = {
    "starts": "starts", "ends": "ends", "finishes": "ends", "succeeds": "succeeds", "fails": "fails",
    "is aborted": "aborted", "paused": "paused", "is paused": "paused",
}  # fmt: skip
_NTH = re.compile(r"(?P<rest>.+?) (?:the (?P<nth>[1-9][0-9]{0,5})(?:st|nd|rd|th) time|for the first time)")
_CALL_NUMBER = re.compile(r"call (?P<nth>[1-9][0-9]{0,5}) of (?P<operation>\S+)")

_SENTENCES: Mapping[str, Callable[[re.Match[str]], Kind]] = {
    r"wave (?P<wave>.+) starts": lambda found: WaveStarts(found["wave"]),
    r"wave (?P<wave>.+) is launched": lambda found: WaveIsLaunched(found["wave"]),
    r"wave (?P<wave>.+) fails": lambda found: WaveFails(found["wave"]),
    rf"{_OPERATION} is (?P<what>called|accepted|refused)": lambda found: CallIs(found["operation"], found["what"]),
    rf"{_OPERATION} answers (?P<error>\w[\w.]*)": lambda found: CallIs(found["operation"], "answered", found["error"]),
    r"job logs? (?P<event>[A-Z_]+)(?: of (?P<server>.+))?": lambda found: JobLogs(found["event"], found["server"]),
    r"fault (?P<fault>.+) fires": lambda found: FaultFires(found["fault"]),
    r"operator decides (?P<do>[a-z][\w-]*)(?: wave (?P<wave>.+))?": lambda found: OperatorDecides(
        found["do"], found["wave"]
    ),
    r"told (?P<text>.+)": lambda found: Told(found["text"]),
    r"(?:the )?execution (?P<what>" + "|".join(_ENDS) + ")": lambda found: ExecutionIs(_ENDS[found["what"]]),
    r"(?:the )?start": lambda _: ExecutionIs("starts"),
    r"(?:the )?(?:finish|end)": lambda _: ExecutionIs("ends"),
    r"function (?P<name>\w+) (?P<what>is invoked|returns|fails)": lambda found: FunctionIs(
        found["name"], found["what"].removeprefix("is ")
    ),
    r"state (?P<state>.+) (?P<what>" + "|".join(_WHAT) + ")": lambda found: StateIs(found["state"], _WHAT[found["what"]]),
    r"(?P<name>\S+) starts": lambda found: WaveStarts(found["name"]),
    r"(?P<name>\S+) is launched": lambda found: ServerIs(found["name"], "LAUNCHED"),
    r"(?P<name>\S+) fails": lambda found: ServerIs(found["name"], "FAILED"),
    rf"{_STATE} (?P<what>" + "|".join(_WHAT) + ")": lambda found: StateIs(found["state"], _WHAT[found["what"]]),
}


def parse_trigger(sentence: str, names: Names | None = None) -> Trigger:
    """The moment that a sentence describes; `names` tell waves from servers.

    Raises ValueError, for the person who wrote it, and pydantic's error for something that the file does not declare.
    """
    words = " ".join(sentence.split())
    numbered = _CALL_NUMBER.fullmatch(words)
    if numbered:
        words = f"{numbered['operation']} is called"
    rest = None if numbered else _NTH.fullmatch(words)
    nth = int((numbered or rest or {"nth": 1})["nth"] or 1)
    return Trigger(_resolved(_kind(rest["rest"] if rest else words), names), nth, " ".join(sentence.split()))


def _kind(words: str) -> Kind:
    try:
        return At(parse_duration_ms(words))
    except ValueError:
        pass
    for pattern, make in _SENTENCES.items():
        match = re.fullmatch(pattern, words)
        if match:
            return make(match)
    raise ValueError(f"expected {EXAMPLES}")


def _resolved(kind: Kind, names: Names | None) -> Kind:
    """The same moment, a wave's where a bare name is a wave's, and only of what the file declares."""
    if names is None:
        return kind
    match kind:
        case ServerIs(server=name) if name in names.waves and name not in names.servers:
            return WaveIsLaunched(name) if kind.status == "LAUNCHED" else WaveFails(name)
        case ServerIs(server=name):
            _require("wave or server", names.waves | names.servers, name)
        case WaveStarts(wave=name) | WaveIsLaunched(wave=name) | WaveFails(wave=name):
            _require("wave", names.waves, name)
        case JobLogs(server=str(name)):
            _require("server", names.servers, name)
        case OperatorDecides(wave=str(name)):
            _require("wave", names.waves, name)
        case FaultFires(fault=name):
            _require("fault", names.faults, name)
        case _:
            pass
    return kind


def _require(noun: str, known: frozenset[str], name: str) -> None:
    if name not in known:
        raise objection(f"no {noun} is named `{name}`", did_you_mean(name, sorted(known)))


def _trigger(value: Any, info: ValidationInfo) -> Trigger:
    try:
        return parse_trigger(value if isinstance(value, str) else "", info.context)
    except ValueError as error:
        if type(error) is not ValueError:  # an objection of our own
            raise
        raise refusal(str(error)) from None


When = Annotated[Trigger, BeforeValidator(_trigger), WithJsonSchema({"type": "string"})]
