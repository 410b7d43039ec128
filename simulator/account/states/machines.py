"""State machines: create, update, describe, list, delete, validate."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from simulator.account.integrations.recognition import unrecognised
from simulator.account.states.records import Alias, Revision, StateMachine, Version, given, page, tags_of
from simulator.engine.definition import json_refusal, parse, refusal_message
from simulator.engine.machine import Machine
from simulator.errors import DefinitionError, Problem, ServiceError
from simulator.rng import Chance

MAX_VERSIONS = 1_000
_FIRST_REVISION = "INITIAL"
_SETTINGS = ("loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
INVALID_NAME = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")

Answer = Mapping[str, Any]


class Machines:
    """The state machines of one account and Region. `now` gives the time in seconds since 1970."""

    def __init__(self, chance: Chance, prefix: str, now: Callable[[], float]) -> None:
        self._chance, self._prefix, self._now = chance, prefix, now
        self.by_arn: dict[str, StateMachine] = {}
        self._revisions = 0

    def arn(self, name: str) -> str:
        """The ARN a state machine of this name has."""
        return f"{self._prefix}:stateMachine:{name}"

    def add(self, name: str, type_: str, definition: str, machine: Machine, role_arn: str, **more: Any) -> StateMachine:
        """Add a state machine whose definition is parsed already."""
        revision = Revision(_FIRST_REVISION, definition, machine, role_arn, more.get("settings", {}))
        added = StateMachine(self.arn(name), name, type_, revision, self._now(), more.get("tags", {}))
        self.by_arn[added.arn] = added
        return added

    def get(self, arn: str) -> StateMachine:
        """A state machine by its own ARN. Raises StateMachineDoesNotExist."""
        if arn not in self.by_arn:
            raise ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return self.by_arn[arn]

    def resolve(self, arn: str, entity: str) -> tuple[StateMachine, Revision, str | None, str | None]:
        """What an ARN that may name a version or an alias means: machine, revision, version ARN, alias ARN.

        Where an alias splits its executions between two versions, `entity` decides by its own draw.
        """
        machine, qualifier = self.split(arn)
        if qualifier is None:
            return machine, machine.revision, None, None
        if alias := machine.aliases.get(qualifier):
            version = self.version(self._routed(alias, entity))
            return machine, version.revision, version.arn, alias.arn
        version = self.version(arn)
        return machine, version.revision, version.arn, None

    def create(self, asked: Answer) -> Answer:
        """CreateStateMachine."""
        name, type_, definition = asked["name"], asked.get("type", "STANDARD"), asked["definition"]
        check_name(name)
        if asked.get("versionDescription") and not asked.get("publish"):
            raise ServiceError("ValidationException", "Version description can only be set when publish is true")
        machine = _parsed(definition, type_)
        settings = {member: asked[member] for member in _SETTINGS if member in asked}
        tags = tags_of(asked.get("tags"))
        existing = self.by_arn.get(self.arn(name))
        if existing is None:
            existing = self.add(name, type_, definition, machine, asked["roleArn"], settings=settings, tags=tags)
        elif (existing.revision.definition, existing.type, existing.tags) != (definition, type_, tags):
            raise ServiceError("StateMachineAlreadyExists", f"State Machine Already Exists: '{existing.arn}'")
        version = self.publish(existing, asked.get("versionDescription")).arn if asked.get("publish") else None
        return given(stateMachineArn=existing.arn, creationDate=existing.created_at, stateMachineVersionArn=version)

    def update(self, asked: Answer) -> Answer:
        """UpdateStateMachine: executions that run already keep the revision they began with."""
        machine = self.get(asked["stateMachineArn"])
        changes = [member for member in ("definition", "roleArn", *_SETTINGS) if asked.get(member) is not None]
        if not changes and not asked.get("publish"):
            raise ServiceError(
                "MissingRequiredParameter", "Either the definition, the role ARN or a configuration must be set"
            )
        before = machine.revision
        definition = asked.get("definition", before.definition)
        if changes:
            self._revisions += 1
            settings = {**before.settings, **{member: asked[member] for member in _SETTINGS if member in asked}}
            machine.revision = Revision(
                self._chance.stream("states.revision", f"{machine.name}#{self._revisions}").uuid(),
                definition,
                _parsed(definition, machine.type),
                asked.get("roleArn", before.role_arn),
                settings,
            )
        version = self.publish(machine, asked.get("versionDescription")).arn if asked.get("publish") else None
        return given(updateDate=self._now(), revisionId=_shown(machine.revision), stateMachineVersionArn=version)

    def describe(self, asked: Answer) -> Answer:
        """DescribeStateMachine, of a state machine or one of its versions."""
        machine, qualifier = self.split(asked["stateMachineArn"])
        version = self.version(asked["stateMachineArn"]) if qualifier else None
        revision = version.revision if version else machine.revision
        return self.shown(machine, revision) | given(
            stateMachineArn=version.arn if version else machine.arn,
            name=machine.name,
            status="ACTIVE",
            type=machine.type,
            creationDate=version.created_at if version else machine.created_at,
            description=version.description if version else None,
        )

    @staticmethod
    def shown(machine: StateMachine, revision: Revision) -> dict[str, Any]:
        """What the descriptions of a state machine and of one behind an execution have in common."""
        off = {"level": "OFF", "includeExecutionData": False}
        return given(
            definition=revision.definition,
            roleArn=revision.role_arn,
            loggingConfiguration=revision.settings.get("loggingConfiguration", off),
            tracingConfiguration=revision.settings.get("tracingConfiguration", {"enabled": False}),
            encryptionConfiguration=revision.settings.get("encryptionConfiguration", {"type": "AWS_OWNED_KEY"}),
            revisionId=_shown(revision),
        )

    def list_machines(self, asked: Answer) -> Answer:
        """ListStateMachines, in the order of names."""
        rows = [
            {"stateMachineArn": machine.arn, "name": machine.name, "type": machine.type, "creationDate": machine.created_at}
            for machine in sorted(self.by_arn.values(), key=lambda machine: machine.name)
        ]
        return page("stateMachines", rows, asked)

    def delete(self, asked: Answer) -> Answer:
        """DeleteStateMachine, with its versions and aliases; deleting what is not there is no error."""
        self.by_arn.pop(asked["stateMachineArn"], None)
        return {}

    def validate(self, asked: Answer) -> Answer:
        """ValidateStateMachineDefinition: what CreateStateMachine would refuse."""
        problems = _problems(asked["definition"], asked.get("type", "STANDARD"))
        most = asked.get("maxResults") or 100
        unread = json_refusal(asked["definition"])
        diagnostics = [_diagnostic(problem, unread) for problem in problems]
        return {
            "result": "FAIL" if problems else "OK",
            "diagnostics": diagnostics[:most],
            "truncated": len(diagnostics) > most,
        }

    def split(self, arn: str) -> tuple[StateMachine, str | None]:
        """The state machine that an ARN names, and its version or alias if it names one."""
        if arn in self.by_arn:
            return self.by_arn[arn], None
        own, _, qualifier = arn.rpartition(":")
        return (self.by_arn[own], qualifier) if own in self.by_arn else (self.get(arn), None)

    def version(self, arn: str) -> Version:
        """A version by its ARN. Raises StateMachineDoesNotExist."""
        machine, qualifier = self.split(arn)
        version = machine.versions.get(int(qualifier)) if qualifier and qualifier.isdigit() else None
        if version is None:
            raise ServiceError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        return version

    def _routed(self, alias: Alias, entity: str) -> str:
        if len(alias.routes) == 1:
            return alias.routes[0][0]
        drawn = self._chance.stream("states.alias", f"{alias.name}/{entity}").uniform() * 100
        return alias.routes[0][0] if drawn < alias.routes[0][1] else alias.routes[1][0]

    def publish(self, machine: StateMachine, description: str | None) -> Version:
        """The version of a state machine's present revision, made now if there is none."""
        newest = machine.versions.get(machine.published)
        if newest is not None and newest.revision is machine.revision:
            return newest
        if len(machine.versions) >= MAX_VERSIONS:
            raise ServiceError("ServiceQuotaExceededException", f"A state machine has at most {MAX_VERSIONS} versions", 402)
        machine.published += 1
        version = Version(f"{machine.arn}:{machine.published}", machine.revision, description, self._now())
        machine.versions[machine.published] = version
        return version


def check_name(name: str) -> None:
    """Raises InvalidName for a name that Step Functions does not take."""
    if not 1 <= len(name) <= 80 or INVALID_NAME.search(name):
        raise ServiceError("InvalidName", f"Invalid Name: '{name}'")


def _parsed(definition: str, type_: str) -> Machine:
    try:
        return _checked(definition, type_)
    except DefinitionError as error:
        raise ServiceError("InvalidDefinition", refusal_message(error, definition)) from error


def _problems(definition: str, type_: str) -> list[Problem]:
    try:
        _checked(definition, type_)
    except DefinitionError as error:
        return list(error.problems)
    return []


def _checked(definition: str, type_: str) -> Machine:
    machine = parse(definition, is_express=type_ == "EXPRESS")
    if problems := unrecognised(definition):
        raise DefinitionError(problems)
    return machine


def _shown(revision: Revision) -> str | None:
    """The id of a revision; the first one has none that is shown."""
    return None if revision.id == _FIRST_REVISION else revision.id


def _diagnostic(problem: Problem, unread: tuple[str, str] | None) -> dict[str, Any]:
    """A problem as the validation shows it; a message of Step Functions begins with its code and ends with the place.

    `unread` is why the definition is no JSON, and where.
    """
    code, _, text = problem.message.partition(": ")
    if unread:
        return {"severity": "ERROR", "code": code, "message": unread[0], "location": unread[1]}
    message, _, location = text.rpartition(" at /")
    return given(severity="ERROR", code=code, message=message or text, location=f"/{location}" if message else None)
