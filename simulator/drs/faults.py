"""Failures of a server's recovery that somebody asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

PHASES = ("CLEANUP", "SNAPSHOT", "CONVERSION", "LAUNCH")

# What an outcome means, and the phases that can have it.
OUTCOMES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "FAILED": ("the phase fails with an event in the log; a failed snapshot is replaced by an earlier one", PHASES),
    "NO_SNAPSHOT": ("the snapshot fails and no earlier one can be used either", ("SNAPSHOT",)),
    "SILENT": ("the server fails, and no event says why", PHASES),
    "HANG": ("nothing more happens to the server; its job never ends", PHASES),
    "CANCELLED": ("the service cancels the whole job", PHASES),
}


@dataclass(frozen=True, slots=True)
class ServerFault:
    """What goes wrong with a server when it comes to a phase; `OUTCOMES` says what each outcome means.

    `server` is a name or an id; `raw_error` is the reason in the log. `times` bounds how many of the server's jobs it hits
    (or of the attempts in them, where jobs make several), None: each. `after_ms` is how long after the phase's start it
    shows, None: when the phase would have ended, but CANCELLED at once. It hits phases that begin from `from_ms` of the run
    on, for `for_ms`, None: for good.
    """

    id: str
    server: str
    phase: str
    outcome: str
    raw_error: str | None = None
    times: int | None = None
    after_ms: int | None = None
    from_ms: int = 0
    for_ms: int | None = None

    def check(self) -> None:
        """Raises ValueError for a phase or outcome that does not exist, or an outcome that the phase cannot have."""
        if self.phase not in PHASES:
            raise ValueError(f"there is no phase {self.phase!r}: {', '.join(PHASES)}")
        if self.outcome not in OUTCOMES:
            raise ValueError(f"there is no outcome {self.outcome!r}: {', '.join(OUTCOMES)}")
        if self.phase not in OUTCOMES[self.outcome][1]:
            raise ValueError(f"a {self.phase} cannot end {self.outcome}")


@dataclass(slots=True)
class _Armed:
    fault: ServerFault
    fired: int = 0

    def hits(self, phase: str, now_ms: int) -> bool:
        fault = self.fault
        is_meant = fault.phase == phase and (fault.times is None or self.fired < fault.times)
        return is_meant and fault.from_ms <= now_ms and (fault.for_ms is None or now_ms < fault.from_ms + fault.for_ms)


@dataclass(slots=True)
class ServerFaults:
    """The faults that wait for their servers."""

    armed: dict[str, list[_Armed]] = field(default_factory=dict)

    def add(self, server_id: str, fault: ServerFault) -> None:
        """Let a fault wait for a server."""
        self.armed.setdefault(server_id, []).append(_Armed(fault))

    def take(self, server_id: str, phase: str, now_ms: int) -> ServerFault | None:
        """The fault that hits this server in this phase at an instant, used up once; of several the first one added."""
        for armed in self.armed.get(server_id, ()):
            if armed.hits(phase, now_ms):
                armed.fired += 1
                return armed.fault
        return None


@dataclass(frozen=True, slots=True)
class ActionFault:
    """Launch actions of a server (a name or an id) that fail, in `times` of its launches (None: in all), for a `reason`.

    `action` is the code or the name of the one that fails, None for whichever; `DISCOVERY` is not one, but the finding of
    the SSM agent, before which none can run.
    """

    id: str
    server: str
    action: str | None = None
    reason: str = "The document execution failed"
    times: int | None = None


@dataclass(slots=True)
class ActionFaults:
    """The failures that wait for launch actions, with how often each came, by server."""

    armed: dict[str, list[tuple[ActionFault, list[str]]]] = field(default_factory=dict)

    def add(self, server_id: str, fault: ActionFault) -> None:
        """Let a failure wait for a server's launch actions."""
        self.armed.setdefault(server_id, []).append((fault, []))

    def take(self, server_id: str, names: Sequence[str]) -> ActionFault | None:
        """The failure that hits an action with one of these names, used up once."""
        for fault, fired in self.armed.get(server_id, ()):
            is_meant = fault.action in names or (fault.action is None and "DISCOVERY" not in names)
            if is_meant and (fault.times is None or len(fired) < fault.times):
                fired.append(names[0])
                return fault
        return None
