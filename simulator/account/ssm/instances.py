"""Managed instances: machines whose agent Systems Manager has heard of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Managed:
    """One machine. `ping` is Online, ConnectionLost or Inactive; times are milliseconds of the run."""

    id: str
    name: str
    platform: str
    since_ms: int
    ping: str = "Online"
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ManagedInstances:
    """The managed instances of one account and Region, by id.

    `recovered` are those that DRS has launched; `look` brings them up to date before anybody sees them.
    """

    by_id: dict[str, Managed] = field(default_factory=dict)
    recovered: set[str] = field(default_factory=set)
    look: Callable[["ManagedInstances"], None] = lambda _: None

    def known(self) -> Mapping[str, Managed]:
        """The instances as they are now, by id."""
        self.look(self)
        return self.by_id

    def add(
        self,
        instance_id: str,
        now_ms: int,
        *,
        name: str = "",
        platform: str = "Linux",
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """An instance's agent reports."""
        self.by_id[instance_id] = Managed(instance_id, name or instance_id, platform, now_ms, tags=dict(tags or {}))

    def targeted(self, targets: Sequence[Mapping[str, Any]]) -> list[str]:
        """The ids of the instances that all targets choose: `InstanceIds`, `tag:NAME` or `tag-key`."""
        return [one.id for one in self.known().values() if all(_chosen(one, target) for target in targets)]


def _chosen(one: Managed, target: Mapping[str, Any]) -> bool:
    key, values = target["Key"], target.get("Values", [])
    if key == "InstanceIds":
        return one.id in values
    if key.startswith("tag:"):
        return one.tags.get(key.removeprefix("tag:")) in values
    return key == "tag-key" and any(name in one.tags for name in values)
