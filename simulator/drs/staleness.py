"""Stale reads: for a while, descriptions show how things stood some time before, while the job log is up to date."""

from collections.abc import Hashable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Staleness:
    """What descriptions show instead of the truth.

    Between `from_ms` and `until_ms` (None: for good), a change is seen only `lag_ms` after it was made. `_hidden` has, by
    what changes, the values that changed, each with the instant until which it still shows.
    """

    lag_ms: int = 0
    from_ms: int = 0
    until_ms: int | None = 0
    _hidden: dict[Hashable, list[tuple[int, str]]] = field(default_factory=dict)

    def begin(self, lag_ms: int, from_ms: int, until_ms: int | None) -> None:
        """Let reads be stale from an instant of the run until another."""
        self.lag_ms, self.from_ms, self.until_ms = lag_ms, from_ms, until_ms

    def lag_at(self, now_ms: int) -> int:
        """How long something that changes now stays unseen."""
        is_on = now_ms >= self.from_ms and (self.until_ms is None or now_ms < self.until_ms)
        return self.lag_ms if is_on else 0

    def note(self, what: Hashable, before: str, now_ms: int) -> None:
        """Something changes now; `before` is what it was."""
        lag_ms = self.lag_at(now_ms)
        if lag_ms:
            self._hidden.setdefault(what, []).append((now_ms + lag_ms, before))

    def seen(self, what: Hashable, value: str, now_ms: int) -> str:
        """What descriptions show of something whose value is another, perhaps."""
        hidden = self._hidden.get(what)
        if hidden is None:
            return value
        hidden[:] = [(until_ms, before) for until_ms, before in hidden if until_ms > now_ms]
        return hidden[0][1] if hidden else value
