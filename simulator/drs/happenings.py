"""What the service tells those who watch it: other services on which a recovery shows (EC2, EventBridge, CloudWatch)."""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.journal import (
    FailbackChanged,
    FailbackReplicationChanged,
    InstanceChanged,
    InstanceForgotten,
    JobChanged,
    JobLogged,
    LaunchStatusChanged,
    NetworkChanged,
    NetworkRecovered,
    NetworkStackDeployed,
    NetworkTemplateExported,
    RecoveryPointUsed,
    ReplicationChanged,
)

ServiceEvent = (
    JobChanged | JobLogged | LaunchStatusChanged | ReplicationChanged | InstanceChanged | InstanceForgotten
    | RecoveryPointUsed
    | FailbackChanged | FailbackReplicationChanged
    | NetworkChanged | NetworkRecovered | NetworkStackDeployed | NetworkTemplateExported
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that just happened in one account and Region; the same event is in the journal.

    Ids in it are those of the service's records, which `DrsService.region(...).state` has in full.
    """

    account_id: str
    region: str
    event: ServiceEvent


Observer = Callable[[Happening], None]
