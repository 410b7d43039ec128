"""Templates, from which new servers get their replication or launch configuration."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Template:
    """A template of replication or launch configurations; `settings` are its members, `number` rises."""

    id: str
    arn: str
    number: int
    settings: dict[str, Any]
    tags: dict[str, str]
    launch_actions: dict[str, dict[str, Any]] = field(default_factory=dict)
