"""A Step Functions that is not ours, as far as a world knows it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from simulator.account.wire import Decoded


class Ran(Protocol):
    """An execution, wherever it runs. `ended_ms` is None while it runs; `status` is Step Functions' own word."""

    @property
    def arn(self) -> str:
        """Its ARN."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""

    @property
    def ended_ms(self) -> int | None:
        """The virtual instant of its end."""


class Elsewhere(Protocol):
    """Answers Step Functions requests in the place of our own interpreter."""

    @property
    def executions(self) -> Sequence[Ran]:
        """Every execution that was started, in the order of their starts."""

    def call(self, request: Decoded) -> Mapping[str, Any]:
        """Answer one request. Raises ServiceError."""
