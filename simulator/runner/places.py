"""Where in the plan an event of a journal belongs: its state of the machine and its wave, as far as they can be told."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from simulator.journal import (
    ApiCall,
    Entry,
    FleetMade,
    FunctionInvoked,
    FunctionReturned,
    HistoryEvent,
    JobChanged,
    Journal,
    LogLine,
    OperatorActed,
    StateCaught,
    StateRetried,
)


class Place(NamedTuple):
    """A state and a wave, None where there is none or it cannot be told."""

    state: str | None
    wave: str | None

    def __str__(self) -> str:
        state = f"in state {self.state}" if self.state else ""
        return f"{state} of wave {self.wave}".strip() if self.wave else state


class Places:
    """The place of every entry of a journal, and the names of its servers."""

    def __init__(self, journal: Journal) -> None:
        fleet = next((event.waves for _, event in journal.of(FleetMade)), {})
        self.names = {id_: name for servers in fleet.values() for name, id_ in servers.items()}
        self._waves = frozenset(fleet)
        self._wave_of = {id_: wave for wave, servers in fleet.items() for id_ in servers.values()}
        self._history: dict[tuple[str, int], Place] = {}
        self._open: dict[str, dict[str, str | None]] = {}  # the waves of each function's invocations under way
        self._state: dict[str | None, str] = {}  # the latest state that was entered, by wave
        self._places = [self._placed(entry) for entry in journal]

    def __getitem__(self, index: int) -> Place:
        return self._places[index]

    def named(self, text: str) -> str:
        """A text with the names of servers in place of their ids."""
        for id_, name in self.names.items():
            text = text.replace(id_, name)
        return text

    def _placed(self, entry: Entry) -> Place:
        event = entry.event
        match event:
            case HistoryEvent():
                return self._of_history(event)
            case StateRetried() | StateCaught():
                return Place(event.state, next((wave for wave, state in self._state.items() if state == event.state), None))
            case FunctionInvoked():
                wave = self._named_in(event.payload)
                self._open.setdefault(event.function, {})[event.request_id] = wave
                return self._in(wave)
            case FunctionReturned():
                return self._in(self._open.get(event.function, {}).pop(event.request_id, None))
            case LogLine():
                return self._in(self._open.get(event.function, {}).get(event.request_id))
            case ApiCall():
                return self._in(self._of_call(event))
            case JobChanged(servers=servers):
                return self._in(next((self._wave_of[server] for server in servers if server in self._wave_of), None))
            case OperatorActed(wave=wave):
                return self._in(wave)
        return self._in(self._wave_of.get(getattr(event, "server", None) or ""))

    def _in(self, wave: str | None) -> Place:
        return Place(self._state.get(wave), wave) if wave else Place(None, None)

    def _of_history(self, event: HistoryEvent) -> Place:
        before = self._history.get((event.execution, event.previous_id), Place(None, None))
        wave = self._named_in(_document(event.details.get("input"))) or (None if "Iteration" in event.type else before.wave)
        place = Place(event.state, wave)
        self._history[event.execution, event.id] = place
        if event.type.endswith("StateEntered") and event.state:
            self._state[wave] = event.state
        return place

    def _of_call(self, call: ApiCall) -> str | None:
        """The wave whose servers a call names, else that of the caller's invocation if it is the only one under way."""
        asked = next((self._wave_of[text] for text in _texts(call.request) if text in self._wave_of), None)
        waves = set(self._open.get(call.caller, {}).values())
        return asked or (waves.pop() if len(waves) == 1 else None)

    def _named_in(self, document: Any) -> str | None:
        """The wave that a member of a document names."""
        members = document.values() if isinstance(document, Mapping) else ()
        return next((member for member in members if isinstance(member, str) and member in self._waves), None)


def _document(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _texts(value: Any, depth: int = 4) -> Iterator[str]:
    """The texts in the upper levels of a request."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, Mapping):
        for member in value.values():
            yield from _texts(member, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, depth - 1)
