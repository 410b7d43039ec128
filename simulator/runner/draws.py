"""Choices that something else makes: the run's own chance, or Hypothesis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from simulator.rng import Stream

T = TypeVar("T")


class Draws(Protocol):
    """Makes choices, one after the other."""

    def whole(self, low: int, high: int) -> int:
        """A whole number, both bounds included."""

    def one_of(self, items: Sequence[T]) -> T:
        """One of at least one item."""

    def happens(self, probability: float) -> bool:
        """True with about that probability."""


@dataclass(frozen=True, slots=True)
class StreamDraws:
    """Choices by a stream of chance: the same stream, the same choices."""

    stream: Stream

    def whole(self, low: int, high: int) -> int:
        """A whole number, both bounds included."""
        return min(high, low + int(self.stream.uniform() * (high - low + 1)))

    def one_of(self, items: Sequence[T]) -> T:
        """One of at least one item."""
        return items[self.whole(0, len(items) - 1)]

    def happens(self, probability: float) -> bool:
        """True with that probability."""
        return self.stream.happens(probability)


def some_of(draws: Draws, items: Sequence[T], probability: float) -> list[T]:
    """The items that are chosen, each with that probability, in their order."""
    return [item for item in items if draws.happens(probability)]
