"""Versions and aliases of functions: what the part of an ARN behind a function's name means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from simulator.errors import ServiceError

LATEST = "$LATEST"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for a version; `weights` are the shares (0 to 1) of invocations that other versions get."""

    name: str
    version: str
    description: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    revision: str = ""


def split(name_or_arn: str) -> tuple[str, str | None]:
    """The name of a function and the qualifier, from `f`, `f:1`, `123456789012:function:f` or an ARN."""
    name, _, qualifier = name_or_arn.rsplit(":function:", maxsplit=1)[-1].partition(":")
    return name, qualifier or None


def refused(code: str, message: str, status: int = 400) -> ServiceError:
    """An error as Lambda words it."""
    return ServiceError(code, message, status, {"Type": "User"})


@dataclass(slots=True)
class Published(Generic[T]):
    """What was published of each function: versions by their number as text, and aliases by name."""

    versions: dict[str, dict[str, T]] = field(default_factory=dict)
    aliases: dict[str, dict[str, Alias]] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)

    def add(self, function: str, make: Callable[[str], T]) -> T:
        """Publish the next version, made of its number; numbers are never used again."""
        self.count[function] = self.count.get(function, 0) + 1
        number = str(self.count[function])
        version = self.versions.setdefault(function, {})[number] = make(number)
        return version

    def version(self, function: str, qualifier: str, drawn: float = 1.0) -> str:
        """The version that a number or an alias means; where an alias has two, the one whose share `drawn` falls into."""
        alias = self.aliases.get(function, {}).get(qualifier)
        return _routed(alias, drawn) if alias else qualifier

    def find(self, function: str, version: str) -> T | None:
        """A published version, by its number."""
        return self.versions.get(function, {}).get(version)

    def forget(self, function: str) -> None:
        """Take everything of a function away."""
        for kept in (self.versions, self.aliases, self.count):
            kept.pop(function, None)


def _routed(alias: Alias, drawn: float) -> str:
    for version, share in alias.weights.items():
        if drawn < share:
            return version
        drawn -= share
    return alias.version
