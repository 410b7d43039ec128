"""Which virtual instant an engine's wall time means: what passes for each other while a world is held back to wall time."""

from bisect import bisect_right
from collections.abc import Mapping
from typing import Any


class Times:
    """Pairs of wall time (seconds since 1970) and virtual time, and straight lines between them.

    `speed` is how many virtual seconds pass in a wall second before the first pair and after the last.
    """

    def __init__(self, start_epoch: float, speed: float) -> None:
        self._start_epoch, self._speed = start_epoch, speed
        self._wall: list[float] = []
        self._virtual: list[int] = []

    def note(self, wall: float, virtual_ms: int) -> None:
        """Both clocks as they stand now. Neither goes back."""
        if not self._wall or wall > self._wall[-1]:
            self._wall.append(wall)
            self._virtual.append(virtual_ms)

    def virtual_ms(self, wall: float) -> int:
        """The virtual instant, counted from the run's start, of a wall time; never before the start."""
        after = bisect_right(self._wall, wall)
        before = max(0, after - 1)
        if not self._wall:
            return 0
        ahead_ms = (wall - self._wall[before]) * 1000
        if after in (0, len(self._wall)):
            return max(0, self._virtual[before] + round(ahead_ms * self._speed))
        span_ms = (self._wall[after] - self._wall[before]) * 1000
        return max(0, self._virtual[before] + round((self._virtual[after] - self._virtual[before]) * ahead_ms / span_ms))

    def told(self, answer: Any) -> Any:
        """An answer of the engine with its dates as the world has them, in seconds since 1970."""
        match answer:
            case Mapping():
                return {
                    name: self._date(value) if _is_date(name, value) else self.told(value) for name, value in answer.items()
                }
            case list():
                return [self.told(item) for item in answer]
            case _:
                return answer

    def _date(self, wall: float) -> float:
        return self._start_epoch + self.virtual_ms(wall) / 1000


def _is_date(name: str, value: Any) -> bool:
    return isinstance(value, int | float) and (name == "timestamp" or name.endswith("Date"))
