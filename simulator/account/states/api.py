"""The Step Functions API: which operation is answered where."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.account.states.activities import Activities
from simulator.account.states.executions import Executions, Operation
from simulator.account.states.machines import Machines
from simulator.account.states.map_runs import MapRuns
from simulator.account.states.records import MAX_TAGS, Activity, StateMachine, tags_of
from simulator.account.states.trials import Trials
from simulator.account.states.versions import Versions
from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.engine.execution import Execution
from simulator.engine.integrations import Integrations
from simulator.engine.machine import Machine
from simulator.engine.tokens import TaskTokens
from simulator.errors import ServiceError
from simulator.journal import Journal
from simulator.rng import Chance


class StatesApi:
    """Answers Step Functions requests for one account and Region."""

    def __init__(
        self,
        clock: VirtualClock,
        chance: Chance,
        journal: Journal,
        account_id: str,
        region: str,
        integrations: Integrations,
    ) -> None:
        prefix = f"arn:aws:states:{region}:{account_id}"
        self.tokens = TaskTokens(clock, chance)
        self._machines = machines = Machines(chance, prefix, lambda: clock.now().timestamp())
        versions = Versions(machines, lambda: clock.now().timestamp())
        self._activities = activities = Activities(self.tokens, prefix, lambda: clock.now().timestamp())
        executions = Executions(clock, chance, journal, prefix, machines, integrations, self.tokens)
        self._executions = executions
        map_runs = MapRuns(executions)
        self._operations: Mapping[str, Operation] = {
            "CreateActivity": activities.create,
            "CreateStateMachine": machines.create,
            "CreateStateMachineAlias": versions.create_alias,
            "DeleteActivity": activities.delete,
            "DeleteStateMachine": machines.delete,
            "DeleteStateMachineAlias": versions.delete_alias,
            "DeleteStateMachineVersion": versions.delete_version,
            "DescribeActivity": activities.describe,
            "DescribeExecution": executions.describe,
            "DescribeMapRun": map_runs.describe,
            "DescribeStateMachine": machines.describe,
            "DescribeStateMachineAlias": versions.describe_alias,
            "DescribeStateMachineForExecution": executions.describe_machine,
            "GetActivityTask": activities.take_task,
            "GetExecutionHistory": executions.history,
            "ListActivities": activities.list_activities,
            "ListExecutions": executions.list_executions,
            "ListMapRuns": map_runs.list_map_runs,
            "ListStateMachineAliases": versions.list_aliases,
            "ListStateMachineVersions": versions.list_versions,
            "ListStateMachines": machines.list_machines,
            "ListTagsForResource": self._list_tags,
            "PublishStateMachineVersion": versions.publish_version,
            "RedriveExecution": executions.redrive,
            "SendTaskFailure": activities.send_failure,
            "SendTaskHeartbeat": activities.send_heartbeat,
            "SendTaskSuccess": activities.send_success,
            "StartExecution": executions.start,
            "StartSyncExecution": executions.start_sync,
            "StopExecution": executions.stop,
            "TagResource": self._tag,
            "TestState": Trials(clock, integrations, prefix).test_state,
            "UntagResource": self._untag,
            "UpdateMapRun": map_runs.update,
            "UpdateStateMachine": machines.update,
            "UpdateStateMachineAlias": versions.update_alias,
            "ValidateStateMachineDefinition": machines.validate,
        }

    @property
    def operations(self) -> Sequence[str]:
        """The operations that are answered."""
        return sorted(self._operations)

    @property
    def executions(self) -> Mapping[str, Execution]:
        """Every execution that was started, by ARN, in the order of their starts."""
        return self._executions.by_arn

    def call(self, request: Decoded) -> Mapping[str, Any]:
        """Answer one request. Raises ServiceError."""
        operation = self._operations.get(request.operation)
        if operation is None:
            raise ServiceError("NotImplemented", f"states:{request.operation} is not simulated", 501)
        return operation(request.parameters)

    def deploy(self, name: str, definition: str, machine: Machine, role_arn: str, type_: str = "STANDARD") -> str:
        """Add a state machine that is already parsed; its ARN."""
        return self._machines.add(name, type_, definition, machine, role_arn).arn

    def machines(self) -> Sequence[StateMachine]:
        """Every state machine, in the order of their creation."""
        return list(self._machines.by_arn.values())

    def definition(self, arn: str) -> str:
        """The definition of a state machine as it is now. Raises StateMachineDoesNotExist."""
        return self._machines.get(arn).revision.definition

    def machine_arn(self, name: str) -> str:
        """The ARN a state machine of this name has."""
        return self._machines.arn(name)

    def _tag(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        tagged = self._tagged(asked["resourceArn"])
        tags = {**tagged.tags, **tags_of(asked["tags"])}
        if len(tags) > MAX_TAGS:
            raise ServiceError("TooManyTags", f"A resource cannot have more than {MAX_TAGS} tags")
        tagged.tags.update(tags)
        return {}

    def _untag(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        tagged = self._tagged(asked["resourceArn"])
        for key in asked["tagKeys"]:
            tagged.tags.pop(key, None)
        return {}

    def _list_tags(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        tags = self._tagged(asked["resourceArn"]).tags
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def _tagged(self, arn: str) -> StateMachine | Activity:
        found = self._machines.by_arn.get(arn) or self._activities.by_arn.get(arn)
        if found is None:
            raise ServiceError("ResourceNotFound", f"Resource not found: '{arn}'", 400, {"resourceName": arn})
        return found
