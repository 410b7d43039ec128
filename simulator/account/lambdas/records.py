"""What the Lambda API keeps of each function beside the function itself, and how it finds one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.account.function_policies import FunctionPolicies
from simulator.account.functions import Function, Functions
from simulator.account.qualifiers import refused, split
from simulator.clock import VirtualClock
from simulator.rng import Chance

Asked = Mapping[str, Any]
_DEFAULT_PAGE = 50


@dataclass(slots=True)
class About:
    """What belongs to a function whatever its code is. `event_invokes` is by qualifier, `zip` the code of `$LATEST`."""

    tags: dict[str, str] = field(default_factory=dict)
    event_invokes: dict[str, dict[str, Any]] = field(default_factory=dict)
    recursive_loop: str = "Terminate"
    runtime_updates: dict[str, str] = field(default_factory=lambda: {"UpdateRuntimeOn": "Auto"})
    zip: bytes | None = None


class Records:
    """The functions of one account and Region as the Lambda API knows them."""

    def __init__(self, clock: VirtualClock, chance: Chance, functions: Functions) -> None:
        self.functions, self.policies = functions, FunctionPolicies()
        self._clock, self._chance = clock, chance
        self._about: dict[str, About] = {}
        self._revisions: dict[str, int] = {}

    def about(self, name: str) -> About:
        """What is kept of a function beside itself."""
        return self._about.setdefault(name, About())

    def forget(self, name: str) -> None:
        """Keep nothing of a function that is gone."""
        self._about.pop(name, None)

    def find(self, asked: Asked) -> Function:
        """The function, or the version of it, that a request names. Raises ServiceError."""
        name, qualifier = named(asked)
        return self.functions.get(f"{name}:{qualifier}" if qualifier else name)

    def latest(self, asked: Asked) -> Function:
        """The function that a request is about, whatever version it names. Raises ServiceError."""
        return self.functions.get(split(asked["FunctionName"])[0])

    def arn(self, asked: Asked) -> str:
        """The ARN of what a request names, as it names it."""
        name, qualifier = named(asked)
        return self.functions.arn(f"{name}:{qualifier}" if qualifier else name)

    def revision(self, name: str) -> str:
        """A new revision id for something of a function's."""
        self._revisions[name] = self._revisions.get(name, 0) + 1
        return self._chance.stream("lambda.revision", f"{name}#{self._revisions[name]}").uuid()

    def now(self) -> str:
        """The present instant as Lambda writes it."""
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.") + f"{self._clock.now().microsecond // 1000:03}+0000"

    def seconds(self) -> float:
        """The present instant in seconds since 1970."""
        return self._clock.now().timestamp()


def named(asked: Asked) -> tuple[str, str | None]:
    """The name of the function that a request is about, and the qualifier. Raises ServiceError if it gives two."""
    name, own = split(asked["FunctionName"])
    given = asked.get("Qualifier")
    if own and given and own != given:
        message = "The derived qualifier from the function name does not match the specified qualifier."
        raise refused("InvalidParameterValueException", message)
    return name, own or given


def check_revision(asked: Asked, present: Any) -> None:
    """Refuse a request that was meant for an earlier revision."""
    if asked.get("RevisionId") and asked["RevisionId"] != present:
        message = (
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
            "the latest Revision Id"
        )
        raise refused("PreconditionFailedException", message, 412)


def page(member: str, rows: Sequence[Any], asked: Asked) -> dict[str, Any]:
    """One page of rows under the name of a member; the marker is the index of the next row. Raises ServiceError."""
    marker = asked.get("Marker") or "0"
    if not (marker.isascii() and marker.isdigit()) or len(marker) > 9:
        raise refused("InvalidParameterValueException", "Invalid Marker")
    end = int(marker) + min(int(asked.get("MaxItems") or _DEFAULT_PAGE), _DEFAULT_PAGE)
    return {member: rows[int(marker) : end]} | ({"NextMarker": str(end)} if end < len(rows) else {})


Operation = Callable[[Asked], Mapping[str, Any]]
