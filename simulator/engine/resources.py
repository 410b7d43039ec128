"""What a Task's Resource says: which service, which call, and how the state waits for its end."""

from dataclasses import dataclass
from enum import StrEnum


class Pattern(StrEnum):
    """How a task ends: with the answer, with the end of the job it started, or when somebody sends its token back."""

    REQUEST_RESPONSE = ""
    SYNC = "sync"
    SYNC_2 = "sync:2"
    CALLBACK = "waitForTaskToken"


class Kind(StrEnum):
    """Whose history events a task has."""

    FUNCTION = "function"
    ACTIVITY = "activity"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Resource:
    """A Resource field taken apart.

    `service` is `lambda`, `sns`, `aws-sdk:drs`, ...; `api` the operation as written (`invoke`, `describeJobs`); for a bare
    function's or activity's ARN `service` is `lambda` or `states` and `api` is empty.
    """

    arn: str
    kind: Kind
    service: str
    api: str
    pattern: Pattern

    @property
    def action(self) -> str:
        """The call as history events name it: `invoke.waitForTaskToken`."""
        return f"{self.api}.{self.pattern}" if self.pattern else self.api


def parse_resource(arn: str) -> Resource | None:
    """The resource that an ARN names; None if it is no ARN that a Task could have."""
    parts = arn.split(":")
    if len(parts) < 6 or parts[0] != "arn":
        return None
    match parts[2:]:
        case ["lambda", _, _, "function", *name] if name:
            return Resource(arn, Kind.FUNCTION, "lambda", "", Pattern.REQUEST_RESPONSE)
        case ["states", _, _, "activity", name]:
            return Resource(arn, Kind.ACTIVITY, "states", name, Pattern.REQUEST_RESPONSE)
        case ["states", "", "", "aws-sdk", service, *call] if call:
            return _service(arn, f"aws-sdk:{service}", ":".join(call))
        case ["states", "", "", service, *call] if call:
            return _service(arn, service, ":".join(call))
    return None


def _service(arn: str, service: str, call: str) -> Resource | None:
    api, _, suffix = call.partition(".")
    try:
        return Resource(arn, Kind.SERVICE, service, api, Pattern(suffix))
    except ValueError:
        return None
