"""The seam to everything that a Task calls: the engine knows how to wait, the other side knows AWS."""

from dataclasses import dataclass
from typing import Protocol

from simulator.engine.resources import Resource
from simulator.json_types import JsonValue


@dataclass(frozen=True, slots=True)
class TaskCall:
    """One attempt of a Task state.

    `parameters` is the evaluated payload: the function's event for a bare function ARN, the request's parameters otherwise.
    `token` is the task token of a `.waitForTaskToken` task, else None. `attempt` counts the state's retries from 0.
    `role_arn` is whose permissions count: the state machine's role, or the one that Credentials names. `submitted` is None
    when the call is to be made; for a `.sync` resource the engine calls a second time with the first answer there, and that
    call is to block until the job is over and to give the final result.
    """

    resource: Resource
    parameters: JsonValue
    token: str | None
    execution_arn: str
    state_machine_arn: str
    role_arn: str
    region: str
    account: str
    state: str
    attempt: int
    submitted: JsonValue = None


class Integrations(Protocol):
    """Carries out the calls of Task states."""

    def call(self, task: TaskCall) -> JsonValue:
        """Make the call and give its decoded result.

        Runs in a process of its own and may block on the virtual clock. Raises `TaskFailure` when the service or function
        answers with an error. `Cancelled` is raised in it, where it waits, when the state no longer wants the result.
        """
