"""An event as EventBridge carries it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BusEvent:
    """An event on a bus.

    `account_id` and `region` are where it comes from, `place` is the account and Region of the bus: an event that goes on to
    another bus keeps its origin. `time` and `ingested` are instants in ISO 8601 with seconds, as EventBridge writes them.
    """

    id: str
    source: str
    detail_type: str
    account_id: str
    region: str
    place: tuple[str, str]
    bus: str
    time: str
    ingested: str
    resources: Sequence[str]
    detail: Mapping[str, Any]
    is_forwarded: bool = False

    def message(self) -> dict[str, Any]:
        """What targets get, and what patterns are matched with."""
        return {
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.account_id,
            "time": self.time,
            "region": self.region,
            "resources": list(self.resources),
            "detail": dict(self.detail),
        }
