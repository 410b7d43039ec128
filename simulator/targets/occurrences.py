"""When the moments that a scenario speaks of came: read from a journal, or noticed as it is written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from simulator.account.models import signing_name
from simulator.journal import (
    ApiCall,
    E,
    Event,
    FaultFired,
    FunctionInvoked,
    FunctionReturned,
    HistoryEvent,
    JobLogged,
    Journal,
    LaunchStatusChanged,
    Notified,
    OperatorActed,
    StateCaught,
    StateRetried,
)
from simulator.scenario.triggers import (
    At,
    CallIs,
    ExecutionIs,
    FaultFires,
    FunctionIs,
    JobLogs,
    Kind,
    OperatorDecides,
    ServerIs,
    StateIs,
    Told,
    Trigger,
    WaveFails,
    WaveIsLaunched,
    WaveStarts,
)

# The instant at which an event, noted at some instant, made the moment come; None: it did not.
Reading = Callable[[int, Event], int | None]
Instant = tuple[int, int]
"""When something was, in an order without ties: virtual milliseconds, and the number of the event in the journal."""

_ENDS = {
    "ExecutionSucceeded": "succeeds",
    "ExecutionFailed": "fails",
    "ExecutionTimedOut": "fails",
    "ExecutionAborted": "aborted",
}


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is who in a run: source server ids by server name, and the server names of each wave."""

    server_ids: Mapping[str, str]
    waves: Mapping[str, Sequence[str]]

    def wave_ids(self, wave: str) -> frozenset[str]:
        """The source server ids of a wave."""
        return frozenset(self.server_ids[name] for name in self.waves[wave])


@dataclass(frozen=True, slots=True)
class Reader:
    """How to tell from events that a moment has come: feed `read` every event of these `kinds` once, in order."""

    kinds: tuple[type[Event], ...]
    read: Reading


def occurrences(trigger: Trigger, journal: Journal, who: Cast) -> list[Instant]:
    """Every time that a moment came in a run, in order; of one that counts, the time that it means."""
    if isinstance(trigger.kind, At):
        return [(trigger.kind.at_ms, -1)]
    told = reader(trigger.kind, who)
    found = ((told.read(entry.at_ms, entry.event), entry.index) for entry in journal if isinstance(entry.event, told.kinds))
    came = sorted((at_ms, index) for at_ms, index in found if at_ms is not None)
    return came if trigger.nth == 1 else came[trigger.nth - 1 : trigger.nth]


def reader(kind: Kind, who: Cast) -> Reader:
    """How to tell that a moment has come."""
    found = _of_recovery(kind, who) or _of_machine(kind) or _of_others(kind)
    return found or Reader((), lambda at_ms, _: at_ms)


def asked_servers(parameters: object) -> frozenset[str]:
    """The source servers that a StartRecovery's parameters name."""
    servers = parameters.get("sourceServers") if isinstance(parameters, Mapping) else None
    named = servers if isinstance(servers, list) else []
    return frozenset(str(server.get("sourceServerID")) for server in named if isinstance(server, Mapping))


def _of_recovery(kind: Kind, who: Cast) -> Reader | None:
    launches = (ApiCall, LaunchStatusChanged)
    match kind:
        case WaveStarts(wave=wave):
            return Reader((ApiCall,), _wave_start(who.wave_ids(wave)))
        case WaveIsLaunched(wave=wave):
            return Reader(launches, _launch(who.wave_ids(wave), "LAUNCHED", takes_all=True))
        case WaveFails(wave=wave):
            return Reader(launches, _launch(who.wave_ids(wave), "FAILED", takes_all=False))
        case ServerIs(server=server, status=status):
            return Reader(launches, _launch(frozenset({who.server_ids[server]}), status, takes_all=True))
        case JobLogs(event=item, server=server):
            wanted = None if server is None else who.server_ids[server]
            return _each(JobLogged, lambda one: one.event == item and wanted in (None, one.server))
        case _:
            return None


def _of_machine(kind: Kind) -> Reader | None:
    match kind:
        case StateIs(state=state, what="retried"):
            return _each(StateRetried, lambda one: one.state == state)
        case StateIs(state=state, what="caught"):
            return _each(StateCaught, lambda one: one.state == state)
        case StateIs(state=state, what=what):
            ending = {"entered": "StateEntered", "left": "StateExited"}[what]
            return _each(HistoryEvent, lambda one: one.state == state and one.type.endswith(ending))
        case ExecutionIs(what="paused"):
            return Reader((OperatorActed, Notified), lambda at_ms, event: at_ms if _is_pause(event) else None)
        case ExecutionIs(what=what):
            return Reader((HistoryEvent,), _execution(what))
        case FunctionIs(function=name, what="invoked"):
            return _each(FunctionInvoked, lambda one: one.function == name)
        case FunctionIs(function=name, what=what):
            return _each(FunctionReturned, lambda one: one.function == name and (what, one.error_type) != ("fails", None))
        case _:
            return None


def _of_others(kind: Kind) -> Reader | None:
    match kind:
        case CallIs():
            return Reader(
                (ApiCall,),
                lambda _, event: event.started_ms if isinstance(event, ApiCall) and _is_call(kind, event) else None,
            )
        case FaultFires(fault=fault):
            return _each(FaultFired, lambda one: one.fault == fault)
        case OperatorDecides(operation=operation, wave=wave):
            return _each(OperatorActed, lambda one: one.refused is None and (one.operation, one.wave) == (operation, wave))
        case Told(text=text):
            return _each(Notified, lambda one: text in f"{one.subject} {one.message}")
        case _:
            return None


def _each(kind: type[E], is_it: Callable[[E], bool]) -> Reader:
    """Every event of one kind for which something holds."""
    kinds = (cast("type[Event]", kind),)
    return Reader(kinds, lambda at_ms, event: at_ms if isinstance(event, kind) and is_it(event) else None)


def _is_call(kind: CallIs, event: ApiCall) -> bool:
    service, operation = kind.operation.split(":")
    if (event.service, event.operation) != (signing_name(service), operation):
        return False
    if kind.what == "answered":
        return event.error == kind.error
    return kind.what == "called" or (event.error is None) == (kind.what == "accepted")


def _is_pause(event: Event) -> bool:
    match event:
        case OperatorActed(operation="pause", refused=None):
            return True
        case Notified(subject=subject, message=message):
            return "paused" in f"{subject} {message}".lower()
        case _:
            return False


def _wave_start(servers: frozenset[str]) -> Reading:
    has_started = False

    def read(_: int, event: Event) -> int | None:
        nonlocal has_started
        if has_started or not _asks_for(event, servers):
            return None
        has_started = True
        return event.started_ms if isinstance(event, ApiCall) else None

    return read


def _asks_for(event: Event, servers: frozenset[str]) -> bool:
    if not isinstance(event, ApiCall) or (event.service, event.operation) != ("drs", "StartRecovery"):
        return False
    return bool(servers & asked_servers(event.request))


def _launch(servers: frozenset[str], status: str, *, takes_all: bool) -> Reading:
    """All of the servers, or the first of them, come to a status after their recovery was asked for."""
    asked: set[str] = set()
    came: set[str] = set()

    def read(at_ms: int, event: Event) -> int | None:
        if isinstance(event, ApiCall):
            asked.update(servers & asked_servers(event.request) if _asks_for(event, servers) else ())
        elif isinstance(event, LaunchStatusChanged) and event.status == status and event.server in asked - came:
            came.add(event.server)
            return at_ms if len(came) == (len(servers) if takes_all else 1) else None
        return None

    return read


def _execution(what: str) -> Reading:
    """What befalls the first execution of the run."""
    first: list[str] = []

    def read(at_ms: int, event: Event) -> int | None:
        if not isinstance(event, HistoryEvent):
            return None
        if event.type == "ExecutionStarted" and not first:
            first.append(event.execution)
            return at_ms if what == "starts" else None
        ended = _ENDS.get(event.type)
        return at_ms if first[:1] == [event.execution] and ended and what in ("ends", ended) else None

    return read
