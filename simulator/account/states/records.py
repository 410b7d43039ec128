"""What the Step Functions API keeps: state machines with their revisions, versions and aliases, executions, activities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.engine.execution import Execution
from simulator.engine.machine import Machine
from simulator.errors import ServiceError

MAX_TAGS = 50
_DEFAULT_PAGE = 100


@dataclass(frozen=True, slots=True)
class Revision:
    """A state machine as it was created or last updated. `settings` are logging, tracing and encryption, as given."""

    id: str
    definition: str
    machine: Machine
    role_arn: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Version:
    """A published revision; it never changes."""

    arn: str
    revision: Revision
    description: str | None
    created_at: float


@dataclass(slots=True)
class Alias:
    """A name for one or two versions; `routes` are (version ARN, per cent of the executions)."""

    arn: str
    name: str
    routes: Sequence[tuple[str, int]]
    description: str | None
    created_at: float
    updated_at: float


@dataclass(slots=True)
class StateMachine:
    """A state machine. Times are seconds since 1970; versions are by number, aliases by name."""

    arn: str
    name: str
    type: str
    revision: Revision
    created_at: float
    tags: dict[str, str] = field(default_factory=dict)
    versions: dict[int, Version] = field(default_factory=dict)
    aliases: dict[str, Alias] = field(default_factory=dict)
    published: int = 0

    @property
    def is_express(self) -> bool:
        """Whether its executions are Express workflows."""
        return self.type == "EXPRESS"


@dataclass(frozen=True, slots=True)
class Started:
    """An execution and what it was started from."""

    execution: Execution
    machine: StateMachine
    revision: Revision
    version_arn: str | None = None
    alias_arn: str | None = None
    trace_header: str | None = None


@dataclass(slots=True)
class Activity:
    """An activity, for workers outside."""

    arn: str
    name: str
    created_at: float
    tags: dict[str, str] = field(default_factory=dict)


def page(member: str, rows: Sequence[Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """One page of rows under the name of a member; the token is the index of the next row. Raises InvalidToken."""
    token = asked.get("nextToken") or "0"
    if not (token.isascii() and token.isdigit()):
        raise ServiceError("InvalidToken", f"Invalid Token: '{token}'")
    end = int(token) + (asked.get("maxResults") or _DEFAULT_PAGE)
    return {member: rows[int(token) : end]} | ({"nextToken": str(end)} if end < len(rows) else {})


def given(**members: Any) -> dict[str, Any]:
    """The members of an answer that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def tags_of(listed: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """Tags as a mapping. Raises TooManyTags."""
    tags = {tag.get("key", ""): tag.get("value", "") for tag in listed or ()}
    if len(tags) > MAX_TAGS:
        raise ServiceError("TooManyTags", f"A resource cannot have more than {MAX_TAGS} tags")
    return tags
