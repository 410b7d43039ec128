"""What is wrong with a definition, in Step Functions' own words and with the way to it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

SCHEMA = "SCHEMA_VALIDATION_FAILED"
TARGET = "MISSING_TRANSITION_TARGET"
END = "MISSING_END_STATE"
JSONATA_SYNTAX = "INVALID_JSONATA_EXPRESSION"
JSONATA_USE = "UNSUPPORTED_JSONATA_EXPRESSION"
MAX_COMPARED = 500
Pointer = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason to refuse a definition: AWS's code, its message, and where in the document.

    `spot` is the very place where a person should look, if that is nearer than the one that AWS names.
    """

    code: str
    message: str
    pointer: Pointer | None
    hint: str = ""
    spot: Pointer | None = None

    @property
    def text(self) -> str:
        """The finding as CreateStateMachine words it: `CODE: message at /States/X`."""
        return f"{self.code}: {self.message}" + (f" at {self.place}" if self.pointer is not None else "")

    @property
    def place(self) -> str:
        """Where it is, as Step Functions writes it: `/States/X/Choices[0]/Next`; empty if nowhere in particular."""
        steps = (f"[{step}]" if isinstance(step, int) else f"/{step}" for step in self.pointer or ())
        return "".join(steps) or ("/" if self.pointer == () else "")


def refusal(texts: Sequence[str]) -> str:
    """The message of the InvalidDefinition error for the texts of all findings."""
    return f"Invalid State Machine Definition: '{', '.join(texts)}'"


def nearest(name: str, known: Collection[str]) -> str:
    """A hint at the known name that is most like a wrong one; empty if none is, or there are too many to compare with."""
    found = get_close_matches(name, known, 1) if len(known) <= MAX_COMPARED else []
    return f"did you mean '{found[0]}'?" if found else ""
