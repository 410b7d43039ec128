"""Best-effort delivery at its worst: events of AWS services that get lost, or come twice."""

from dataclasses import dataclass, field
from typing import Literal

from simulator.account.events.event import BusEvent
from simulator.journal import FaultFired, Journal
from simulator.rng import Chance

Outcome = Literal["lost", "duplicated"]


@dataclass(frozen=True, slots=True)
class EventFault:
    """What happens to a share of the events of a `source` and `detail_type` (None: any).

    Events that somebody puts on a bus are never lost: only those of AWS services are, unless `source` says otherwise.
    `rate` is the probability for each event, `times` the most events it happens to (None: no limit).
    """

    id: str
    outcome: Outcome
    source: str | None = None
    detail_type: str | None = None
    rate: float = 1.0
    times: int | None = None

    def concerns(self, event: BusEvent) -> bool:
        """Whether it may happen to an event."""
        is_source = event.source == self.source if self.source else event.source.startswith("aws.")
        return is_source and self.detail_type in (None, event.detail_type)


@dataclass(slots=True)
class EventFaults:
    """The faults that wait for their events."""

    chance: Chance
    journal: Journal
    armed: list[EventFault] = field(default_factory=list)
    fired: dict[str, int] = field(default_factory=dict)

    def copies(self, event: BusEvent) -> int:
        """How many times an event comes: 1, or as the first fault that strikes it wants."""
        for fault in self.armed:
            if self._strikes(fault, event):
                self.fired[fault.id] = self.fired.get(fault.id, 0) + 1
                self.journal.record(FaultFired(fault.id, event.detail_type, fault.outcome))
                return 0 if fault.outcome == "lost" else 2
        return 1

    def _strikes(self, fault: EventFault, event: BusEvent) -> bool:
        if not fault.concerns(event) or (fault.times is not None and self.fired.get(fault.id, 0) >= fault.times):
            return False
        return self.chance.stream("event.fault", f"{fault.id}/{event.id}").happens(fault.rate)
