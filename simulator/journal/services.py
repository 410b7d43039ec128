"""What the other services of the account do: requests and their answers, runbooks, health, notifications and events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from simulator.json_types import JsonValue


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request to the simulated account and its answer, noted when it was answered.

    `caller` says who called (a function's name, `states:<execution>`, `world`). `attempt` counts the SDK's own attempts of
    one call from 1; `call` is equal for all attempts of it. `error` is the error code or None. `fault` is the id of the
    scenario's fault that made the answer, or None. `account` is whose resources the call was about. `took_effect`: the
    service carried it out although its caller saw an error.
    """

    kind: ClassVar[str] = "api.call"
    service: str
    operation: str
    region: str
    caller: str
    call: str
    attempt: int
    started_ms: int
    request: JsonValue
    response: JsonValue
    status: int
    error: str | None
    message: str | None
    fault: str | None
    account: str = ""
    took_effect: bool = False


@dataclass(frozen=True, slots=True)
class AutomationChanged:
    """An execution of a Systems Manager runbook went on in another status."""

    kind: ClassVar[str] = "ssm.automation"
    execution: str
    document: str
    status: str
    message: str | None


@dataclass(frozen=True, slots=True)
class AutomationStepChanged:
    """A step of a runbook's execution did."""

    kind: ClassVar[str] = "ssm.step"
    execution: str
    step: str
    action: str
    status: str
    message: str | None


@dataclass(frozen=True, slots=True)
class CommandChanged:
    """A command on one instance went on in another status."""

    kind: ClassVar[str] = "ssm.command"
    command: str
    document: str
    instance: str
    status: str


@dataclass(frozen=True, slots=True)
class HealthChanged:
    """A signal of health, an alarm or an address, turned green or red."""

    kind: ClassVar[str] = "health"
    signal: str
    status: str


@dataclass(frozen=True, slots=True)
class Notified:
    """A message was published to a topic."""

    kind: ClassVar[str] = "notification"
    topic: str
    subject: str | None
    message: str


@dataclass(frozen=True, slots=True)
class NotificationSent:
    """A topic's message went to a function, or would have gone to an address outside the simulated account.

    `error` says what is wrong with a function that could not be invoked.
    """

    kind: ClassVar[str] = "notification.sent"
    topic: str
    protocol: str
    endpoint: str
    message: str
    error: str | None


@dataclass(frozen=True, slots=True)
class EventEmitted:
    """A service, or a caller of PutEvents, put an event on an event bus. `account` and `region` are those of the bus."""

    kind: ClassVar[str] = "event.emitted"
    event: str
    source: str
    detail_type: str
    account: str
    region: str
    bus: str
    resources: Sequence[str]
    detail: JsonValue


@dataclass(frozen=True, slots=True)
class EventDelivered:
    """A target (its ARN) of a rule got an event after so many attempts, or, with `error` set, it never did."""

    kind: ClassVar[str] = "event.delivered"
    event: str
    rule: str
    target: str
    attempts: int
    error: str | None


ServiceEvent = (
    ApiCall
    | AutomationChanged
    | AutomationStepChanged
    | CommandChanged
    | HealthChanged
    | Notified
    | NotificationSent
    | EventEmitted
    | EventDelivered
)
