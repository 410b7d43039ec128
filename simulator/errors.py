"""Every exception the simulator raises, in three kinds that never mix.

* `UserError`: somebody's file or argument is wrong. Carries every problem found, each with its place.
* `ServiceError`: the simulated cloud says no. It is data on its way to an AWS SDK, never a crash.
* `SimulationLimit`: a bound of the simulator was reached (the horizon, a loop that takes no time).

Anything else that escapes is a bug, of moto (`MotoCrash`) or in the simulator, and is shown as one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self


class DrsimError(Exception):
    """Base of all errors that the simulator raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with something the user wrote.

    `where` is `file`, `file:line` or `file:line:column` (both counted from 1); `message` says what was expected and what was
    found; `hint` says how to mend it, or is empty.
    """

    where: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class MotoCrash(DrsimError):
    """An exception inside moto while it answered a call of `operation` (`sns:DeleteTopic`): a bug of moto's."""

    def __init__(self, operation: str, cause: Exception) -> None:
        self.operation = operation
        super().__init__(f"{type(cause).__name__}: {cause}")


def bug_told(error: BaseException) -> str:
    """Whose bug an exception is that nobody foresaw, and what it says."""
    if isinstance(error, MotoCrash):
        return f"a bug in moto, which answers {error.operation.replace(':', ' ')}: {error}"
    return f"a bug in drsim: {type(error).__name__}: {error}"


class UserError(DrsimError):
    """The user's mistake: all the problems found, at once. One line each when printed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class ScenarioError(UserError):
    """A scenario file that cannot be run as written."""


class DefinitionError(UserError):
    """A state machine definition that Step Functions would refuse to create."""


class HandlerError(UserError):
    """A Lambda handler that cannot be loaded."""


@dataclass(slots=True)
class ServiceError(DrsimError):
    """An error answer of a simulated AWS service, as an SDK will see it.

    `code` is the error's shape name (`ConflictException`), `status` its HTTP status, `members` the further members of the
    error shape (`resourceId`, `quotaCode`, ...), `headers` HTTP headers such as `Retry-After`.
    """

    code: str
    message: str
    status: int = 400
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class SimulationLimit(DrsimError):
    """A bound of the simulation itself was reached; the run's verdict is ERROR."""


class HorizonReached(SimulationLimit):
    """Something was still going on when the scenario's horizon came."""

    @classmethod
    def at(cls, horizon_ms: int) -> Self:
        """The error for a horizon, in virtual milliseconds from the run's start."""
        return cls(f"still busy at the horizon of {timedelta(milliseconds=horizon_ms)}")


class ClockStuck(SimulationLimit):
    """Very many events happened without virtual time moving: a loop that never waits."""


class TooLarge(SimulationLimit):
    """A part of the run would take more memory than a simulation should, such as a map run over millions of items."""


class ClockStopped(DrsimError):
    """The world ended before it had done what it was asked from outside."""
