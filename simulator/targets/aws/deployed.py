"""A deployed stack, as far as the target needs it."""

from collections.abc import Mapping
from typing import Any, Protocol

Row = Mapping[str, Any]


class Deployed(Protocol):
    """A deployed stack, as `simulator.deploying.cloud.Cloud` reaches it."""

    stack: str
    region: str

    def account(self) -> str: ...  # noqa: D102
    def resources(self) -> Mapping[str, Any]: ...  # noqa: D102
    def servers(self, region: str) -> Mapping[str, str]: ...  # noqa: D102
    def put(self, table: str, item: Row) -> None: ...  # noqa: D102
    def items(self, table: str) -> list[dict[str, Any]]: ...  # noqa: D102
    def function(self, resource: Any, method: str, path: str) -> str: ...  # noqa: D102
    def invoke(self, function: str, event: Row) -> Any: ...  # noqa: D102
    def start(self, machine: str, document: Any) -> str: ...  # noqa: D102
    def executions(self, machine: str) -> list[str]: ...  # noqa: D102
    def describe(self, execution: str) -> Row: ...  # noqa: D102
    def definition(self, machine: str) -> str: ...  # noqa: D102
    def history(self, execution: str) -> list[Row]: ...  # noqa: D102
    def jobs(self, region: str) -> list[Row]: ...  # noqa: D102
    def job_log(self, region: str, job: str) -> list[Row]: ...  # noqa: D102
