"""A mutant: one file of the production side with one small breakage."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Mutant:
    """`file` is relative to the production side's folder, `line` where the breakage is (0: nowhere special), `state` the
    state that it is in, for state machines; `kind` and `change` say what is done; `broken` makes the
    whole file's text with it."""

    file: str
    line: int
    state: str
    kind: str
    change: str
    broken: Callable[[], str]

    @property
    def name(self) -> str:
        """What is broken, in one line."""
        return f"{self.file}{f':{self.line}' if self.line else ''} {self.change}"


def sample(mutants: Sequence[Mutant], count: int) -> list[Mutant]:
    """At most `count` of them, the same ones in the same order every time: that of their names' hashes.

    What is tried of it before somebody breaks off is therefore a sample too.
    """
    return sorted(mutants, key=lambda one: sha256(one.name.encode()).digest())[:count]
