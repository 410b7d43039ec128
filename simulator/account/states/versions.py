"""Versions and aliases of state machines."""

from collections.abc import Callable, Mapping
from typing import Any

from simulator.account.states.machines import Machines
from simulator.account.states.records import Alias, StateMachine, given, page
from simulator.errors import ServiceError

MAX_ALIASES = 100

Answer = Mapping[str, Any]


class Versions:
    """The versions and aliases of the state machines of one account and Region."""

    def __init__(self, machines: Machines, now: Callable[[], float]) -> None:
        self._machines, self._now = machines, now

    def publish_version(self, asked: Answer) -> Answer:
        """PublishStateMachineVersion; a revision is published once."""
        machine = self._machines.get(asked["stateMachineArn"])
        expected = asked.get("revisionId")
        if expected and expected != machine.revision.id:
            message = f"The revision is {machine.revision.id}, not {expected}"
            raise ServiceError("ConflictException", message, 409)
        version = self._machines.publish(machine, asked.get("description"))
        return {"stateMachineVersionArn": version.arn, "creationDate": version.created_at}

    def list_versions(self, asked: Answer) -> Answer:
        """ListStateMachineVersions, newest first."""
        machine = self._machines.get(asked["stateMachineArn"])
        rows = [
            {"stateMachineVersionArn": version.arn, "creationDate": version.created_at}
            for _, version in sorted(machine.versions.items(), reverse=True)
        ]
        return page("stateMachineVersions", rows, asked)

    def delete_version(self, asked: Answer) -> Answer:
        """DeleteStateMachineVersion, unless an alias leads to it."""
        arn = asked["stateMachineVersionArn"]
        machine, qualifier = self._machines.split(arn)
        users = [alias.name for alias in machine.aliases.values() if any(route == arn for route, _ in alias.routes)]
        if users:
            message = f"Version to be deleted must not be referenced by an alias. Current list of aliases: {users}"
            raise ServiceError("ConflictException", message, 409)
        machine.versions.pop(int(qualifier or 0) if (qualifier or "").isdigit() else 0, None)
        return {}

    def create_alias(self, asked: Answer) -> Answer:
        """CreateStateMachineAlias; the same again is no error."""
        name, routes = asked["name"], self._routes(asked["routingConfiguration"])
        machine = self._machines.split(routes[0][0])[0]
        existing = machine.aliases.get(name)
        if existing is None:
            if len(machine.aliases) >= MAX_ALIASES:
                raise ServiceError(
                    "ServiceQuotaExceededException", f"A state machine has at most {MAX_ALIASES} aliases", 402
                )
            now, arn = self._now(), f"{machine.arn}:{name}"
            existing = machine.aliases[name] = Alias(arn, name, routes, asked.get("description"), now, now)
        elif (existing.routes, existing.description) != (routes, asked.get("description")):
            raise ServiceError("ConflictException", f"Alias already exists: '{existing.arn}'", 409)
        return {"stateMachineAliasArn": existing.arn, "creationDate": existing.created_at}

    def update_alias(self, asked: Answer) -> Answer:
        """UpdateStateMachineAlias."""
        alias = self._alias(asked["stateMachineAliasArn"])[1]
        if "routingConfiguration" in asked:
            alias.routes = self._routes(asked["routingConfiguration"])
        alias.description = asked.get("description", alias.description)
        alias.updated_at = self._now()
        return {"updateDate": alias.updated_at}

    def describe_alias(self, asked: Answer) -> Answer:
        """DescribeStateMachineAlias."""
        alias = self._alias(asked["stateMachineAliasArn"])[1]
        return given(
            stateMachineAliasArn=alias.arn,
            name=alias.name,
            description=alias.description,
            routingConfiguration=[{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in alias.routes],
            creationDate=alias.created_at,
            updateDate=alias.updated_at,
        )

    def list_aliases(self, asked: Answer) -> Answer:
        """ListStateMachineAliases, of a state machine or of one version."""
        machine, qualifier = self._machines.split(asked["stateMachineArn"])
        rows = [
            {"stateMachineAliasArn": alias.arn, "creationDate": alias.created_at}
            for alias in machine.aliases.values()
            if qualifier is None or any(arn == asked["stateMachineArn"] for arn, _ in alias.routes)
        ]
        return page("stateMachineAliases", rows, asked)

    def delete_alias(self, asked: Answer) -> Answer:
        """DeleteStateMachineAlias."""
        machine, alias = self._alias(asked["stateMachineAliasArn"])
        del machine.aliases[alias.name]
        return {}

    def _alias(self, arn: str) -> tuple[StateMachine, Alias]:
        machine, qualifier = self._machines.split(arn)
        if qualifier not in machine.aliases:
            raise ServiceError("ResourceNotFound", f"Resource not found: '{arn}'", 400, {"resourceName": arn})
        return machine, machine.aliases[qualifier]

    def _routes(self, given_routes: Any) -> list[tuple[str, int]]:
        routes = [(self._machines.version(route["stateMachineVersionArn"]).arn, route["weight"]) for route in given_routes]
        machines = {self._machines.split(arn)[0].arn for arn, _ in routes}
        if len(machines) != 1 or len({arn for arn, _ in routes}) != len(routes) or sum(share for _, share in routes) != 100:
            message = "Routing needs one or two different versions of one state machine whose weights add up to 100"
            raise ServiceError("ValidationException", message, 400, {"reason": "INVALID_ROUTING_CONFIGURATION"})
        return routes
