"""Launch actions as they run, and who runs them: the seam between DRS and an account's Systems Manager."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Target:
    """The instance on which actions run, and for which server and job."""

    account_id: str
    region: str
    instance_id: str
    server_id: str
    job_id: str


class ActionRunner(Protocol):
    """Runs launch actions. Nothing may wait: what is asked for is told later, through the callables given."""

    def document_type(self, account_id: str, region: str, document: str) -> str | None:
        """SSM_AUTOMATION or SSM_COMMAND, None for a document that is not known."""

    def discovered(self, target: Target) -> None:
        """The SSM agent of an instance has reported."""

    def run(self, target: Target, action: Mapping[str, Any], ended: Callable[[str | None], None]) -> None:
        """Begin an action (as ListLaunchActions shows it); call `ended` with None or with why it failed."""


@dataclass(slots=True)
class ActionRun:
    """A launch action, as the API shows it, on its way on a launched instance."""

    id: str
    action: Mapping[str, Any]
    status: str = "IN_PROGRESS"
    failure: str | None = None
