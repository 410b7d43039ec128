"""The engines that scenarios can run on besides ours: where they answer, and what they cannot do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from simulator.targets.target import Ability, Lacks

WAITS = "waits are exact in virtual time only; this engine waits in real time"
COVERAGE = "the engine's histories do not tell which rules took effect"
MOCKS = "the engine itself calls what its tasks name"
PACED = "time is held back to {speed:g} times real time, in which the machine's own work counts"


class Engine(Protocol):
    """A Step Functions that answers over HTTP and calls a world over HTTP."""

    @property
    def name(self) -> str:
        """What the target is called."""

    @property
    def noun(self) -> str:
        """What it is called in messages."""

    @property
    def lacks(self) -> Lacks:
        """What it cannot do, besides being exact."""

    def open(self, world_url: str, speed: float) -> str:
        """Make it ready to call the world at an address, its waits `speed` times shorter; the engine's own address."""

    def reset_path(self) -> str | None:
        """Where a POST makes it forget everything; None where nothing does."""

    def close(self) -> None:
        """End what `open` began."""


@dataclass(frozen=True, slots=True)
class Running:
    """An engine that somebody else has started, with the world's address in its settings."""

    name: str
    noun: str
    url: str
    forgets_at: str | None = None
    lacks: Mapping[Ability, str] = field(default_factory=dict)

    def open(self, world_url: str, speed: float) -> str:
        """Nothing is to be done: it has been told the world's address where it was started."""
        return self.url

    def reset_path(self) -> str | None:
        """Where a POST makes it forget everything."""
        return self.forgets_at

    def close(self) -> None:
        """It goes on for whoever started it."""
