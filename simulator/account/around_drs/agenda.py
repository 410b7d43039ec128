"""What is still to be shown in another service, in the order of its time.

Nothing is done when something happens, only noted: a scenario in which nobody asks EC2 never loads it. Whoever asks makes
everything that is due happen first, each thing at its own instant and with randomness of its own, so that it makes no
difference when somebody first asks, or whether anybody does.
"""

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from simulator.account import moto_services, surroundings
from simulator.clock import VirtualClock
from simulator.rng import Chance

Action = Callable[[Any], object]


@dataclass(order=True, slots=True)
class Change:
    """Something to be done to a backend of moto's; `entity` names it for draws. `cancel()` makes it do nothing."""

    at_ms: int
    number: int
    entity: str = field(compare=False)
    action: Action | None = field(compare=False)

    def cancel(self) -> None:
        """Make it not happen."""
        self.action = None


@dataclass(slots=True)
class Agenda:
    """The changes that wait for one account and Region."""

    waiting: list[Change] = field(default_factory=list)
    noted: int = 0

    def note(self, at_ms: int, entity: str, action: Action) -> Change:
        """Let something be done as of an instant of the run."""
        self.noted += 1
        change = Change(at_ms, self.noted, f"{entity}#{self.noted}", action)
        heapq.heappush(self.waiting, change)
        return change

    def catch_up(self, clock: VirtualClock, chance: Chance, backend: Any) -> None:
        """Do everything that is due."""
        while self.waiting and self.waiting[0].at_ms <= clock.now_ms:
            change = heapq.heappop(self.waiting)
            if change.action is not None:
                with elsewhen(clock, chance, change.at_ms, change.entity):
                    change.action(backend)


@contextmanager
def elsewhen(clock: VirtualClock, chance: Chance, at_ms: int, entity: str) -> Iterator[None]:
    """Let moto see an instant of the run, and draw from an entity's own randomness."""
    entropy = chance.stream("around.entropy", entity)
    moment = clock.start + timedelta(milliseconds=at_ms)
    with surroundings.visiting(moment, entropy), moto_services.drawing(chance, f"around/{entity}"):
        yield
