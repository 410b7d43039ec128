"""Failures of a server's recovery that somebody asked for."""

from dataclasses import dataclass, field

PHASES = ("CLEANUP", "SNAPSHOT", "CONVERSION", "LAUNCH")
OUTCOMES = ("FAILED", "HANG", "SILENT")


@dataclass(frozen=True, slots=True)
class ServerFault:
    """What goes wrong with a server in `phase`: `FAILED` with an event in the log, `SILENT` without one, or `HANG` for good.

    `server` is a name or an id; `raw_error` is the reason in the log; `times` bounds how many of the server's jobs it hits.
    """

    id: str
    server: str
    phase: str
    outcome: str
    raw_error: str | None = None
    times: int | None = None


@dataclass(slots=True)
class ServerFaults:
    """The faults that wait for their servers."""

    waiting: dict[str, list[ServerFault]] = field(default_factory=dict)
    fired: dict[str, int] = field(default_factory=dict)

    def add(self, server_id: str, fault: ServerFault) -> None:
        """Let a fault wait for a server."""
        self.waiting.setdefault(server_id, []).append(fault)

    def take(self, server_id: str, phase: str) -> ServerFault | None:
        """The first fault that hits this server in this phase, used up once."""
        for fault in self.waiting.get(server_id, ()):
            if fault.phase == phase and (fault.times is None or self.fired.get(fault.id, 0) < fault.times):
                self.fired[fault.id] = self.fired.get(fault.id, 0) + 1
                return fault
        return None
