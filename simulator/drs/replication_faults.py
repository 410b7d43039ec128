"""Failures of a server's replication that somebody asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.drs.replica import INITIATION_STEPS

# What goes wrong, by name. The first three names are those of the error that shows.
REPLICATION_FAULTS: Mapping[str, str] = {
    "AGENT_NOT_SEEN": "the source or its agent is gone: replication stalls, and rescans when it is back",
    "SNAPSHOTS_FAILURE": "no snapshot can be taken: replication stalls, and only catches up afterwards",
    "UNSTABLE_NETWORK": "replication stalls and goes on again and again",
    "NOT_CONVERGING": "the source writes more than its line carries: it is behind more and more",
    "INITIATION": "a step of setting replication up fails",
    "EXTENSION": "an extended server's staging server can no longer be used",
}
_STALLS = ("AGENT_NOT_SEEN", "SNAPSHOTS_FAILURE", "UNSTABLE_NETWORK")


@dataclass(frozen=True, slots=True)
class ReplicationFault:
    """What goes wrong with a server's replication; `REPLICATION_FAULTS` says what each `kind` means.

    `server` is a name or an id; `raw_error` is the reason that shows. It begins at `from_ms` of the run and lasts `for_ms`,
    None: until it is mended. Of INITIATION, `step` is what fails, in the next `times` attempts (None: in all), from now on.
    """

    id: str
    server: str
    kind: str
    raw_error: str | None = None
    from_ms: int = 0
    for_ms: int | None = None
    step: str | None = None
    times: int | None = None

    def check(self) -> None:
        """Raises ValueError for a kind or step that does not exist, or an unstable network that never gets stable."""
        if self.kind not in REPLICATION_FAULTS:
            raise ValueError(f"there is no replication fault {self.kind!r}: {', '.join(REPLICATION_FAULTS)}")
        if (self.kind == "INITIATION") != (self.step is not None):
            raise ValueError("a step goes with INITIATION, and INITIATION with a step")
        if self.step is not None and self.step not in INITIATION_STEPS[1:]:
            raise ValueError(f"there is no step {self.step!r} that can fail: {', '.join(INITIATION_STEPS[1:])}")
        if self.kind == "UNSTABLE_NETWORK" and self.for_ms is None:
            raise ValueError("an unstable network needs an end: for_ms")

    @property
    def is_stall(self) -> bool:
        """Whether replication stalls while it lasts."""
        return self.kind in _STALLS


@dataclass(slots=True)
class _Armed:
    fault: ReplicationFault
    fired: int = 0

    def is_due(self) -> bool:
        return self.fault.times is None or self.fired < self.fault.times


@dataclass(slots=True)
class ReplicationFaults:
    """The faults that wait for servers, and those that last, by server."""

    initiations: dict[str, list[_Armed]] = field(default_factory=dict)
    lasting: dict[str, list[ReplicationFault]] = field(default_factory=dict)

    def arm(self, server_id: str, fault: ReplicationFault) -> None:
        """Let attempts at setting a server's replication up fail."""
        self.initiations.setdefault(server_id, []).append(_Armed(fault))

    def take_initiation(self, server_id: str) -> ReplicationFault | None:
        """The fault that an attempt beginning now is to have, used up once."""
        for armed in self.initiations.get(server_id, ()):
            if armed.is_due():
                armed.fired += 1
                return armed.fault
        return None

    def disarm(self, server_id: str, fault: ReplicationFault) -> None:
        """Let attempts fail no more by a fault."""
        kept = self.initiations.get(server_id, [])
        kept[:] = [armed for armed in kept if armed.fault != fault]

    def begin(self, server_id: str, fault: ReplicationFault) -> None:
        """A fault begins to last."""
        self.lasting.setdefault(server_id, []).append(fault)

    def end(self, server_id: str, fault: ReplicationFault) -> None:
        """A fault that lasted is over; doing it again changes nothing."""
        if fault in self.lasting.get(server_id, ()):
            self.lasting[server_id].remove(fault)

    def stall_of(self, server_id: str) -> ReplicationFault | None:
        """What stalls a server now: the latest of what does."""
        return next((fault for fault in reversed(self.lasting.get(server_id, ())) if fault.is_stall), None)

    def forget(self, server_id: str) -> list[ReplicationFault]:
        """Mend all that is wrong with a server; what lasted until now."""
        self.initiations.pop(server_id, None)
        return self.lasting.pop(server_id, [])
