"""What is wrong with a definition, in Step Functions' own words and with the way to it."""

from collections.abc import Sequence
from dataclasses import dataclass

SCHEMA = "SCHEMA_VALIDATION_FAILED"
TARGET = "MISSING_TRANSITION_TARGET"
Pointer = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason to refuse a definition: AWS's code, its message, and where in the document."""

    code: str
    message: str
    pointer: Pointer
    hint: str = ""

    @property
    def text(self) -> str:
        """The finding as CreateStateMachine words it: `CODE: message at /States/X`."""
        return f"{self.code}: {self.message} at /{'/'.join(self.pointer)}"


def refusal(texts: Sequence[str]) -> str:
    """The message of the InvalidDefinition error for the texts of all findings."""
    return f"Invalid State Machine Definition: '{', '.join(texts)}'"
