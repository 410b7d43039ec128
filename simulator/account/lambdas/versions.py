"""Versions and aliases of functions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulator.account.functions import Function
from simulator.account.lambdas.configuration import shown
from simulator.account.lambdas.records import Asked, Operation, Records, check_revision, page
from simulator.account.qualifiers import LATEST, Alias, refused

# What says nothing about whether a function has changed since a version of it was published.
_INCIDENTAL = ("LastModified", "RevisionId", "Description")


class Versions:
    """The versions and aliases of the functions of one account and Region."""

    def __init__(self, records: Records) -> None:
        self._records, self._functions = records, records.functions
        self._published = records.functions.published
        self.operations: Mapping[str, Operation] = {
            "CreateAlias": self._create_alias,
            "DeleteAlias": self._delete_alias,
            "GetAlias": lambda asked: self._alias_shown(*self._alias(asked)),
            "ListAliases": self._list_aliases,
            "ListVersionsByFunction": self._list_versions,
            "PublishVersion": self._publish,
            "UpdateAlias": self._update_alias,
        }

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The configurations of a function's versions, from the oldest on."""
        versions = self._published.versions.get(name, {}).values()
        return [shown(version, self._functions.arn(version.key)) for version in versions]

    def published(self, function: Function, description: str) -> Mapping[str, Any]:
        """The version of a function as it is now, made if it has changed since the last one was."""
        versions = list(self._published.versions.get(function.name, {}).values())
        newest = versions[-1] if versions else None
        if newest is None or _told(newest) != _told(function):
            noted: dict[str, Any] = {"RevisionId": self._records.revision(function.name)}
            noted |= {"Description": description} if description else {}
            settings = {**function.settings, **noted}
            newest = self._published.add(function.name, lambda number: replace(function, version=number, settings=settings))
        return shown(newest, self._functions.arn(newest.key))

    def delete(self, function: Function, qualifier: str) -> None:
        """Take a version away. Raises ServiceError for the latest, for an alias, and for what an alias leads to."""
        if qualifier == LATEST:
            message = "$LATEST version cannot be deleted without deleting the function."
            raise refused("InvalidParameterValueException", message)
        aliases = self._published.aliases.get(function.name, {})
        if qualifier in aliases:
            message = "Deletion of aliases is not currently supported."
            raise refused("InvalidParameterValueException", message)
        users = [alias.name for alias in aliases.values() if qualifier in (alias.version, *alias.weights)]
        if users:
            message = f"Version {qualifier} is currently in use by aliases: {', '.join(users)}"
            raise refused("ResourceConflictException", message, 409)
        del self._published.versions[function.name][qualifier]

    def _publish(self, asked: Asked) -> Mapping[str, Any]:
        function = self._records.latest(asked)
        check_revision(asked, function.settings.get("RevisionId"))
        present = function.settings.get("CodeSha256")
        if asked.get("CodeSha256") and asked["CodeSha256"] != present:
            message = (
                f"CodeSHA256 ({asked['CodeSha256']}) is different from current CodeSHA256 in $LATEST ({present}). "
                "Please try again with the CodeSHA256 in $LATEST."
            )
            raise refused("InvalidParameterValueException", message)
        return self.published(function, asked.get("Description", ""))

    def _list_versions(self, asked: Asked) -> Mapping[str, Any]:
        function = self._records.latest(asked)
        latest = shown(function, f"{self._functions.arn(function.name)}:{LATEST}")
        return page("Versions", [latest, *self.rows(function.name)], asked)

    def _create_alias(self, asked: Asked) -> Mapping[str, Any]:
        function = self._records.latest(asked)
        aliases = self._published.aliases.setdefault(function.name, {})
        if asked["Name"] in aliases:
            arn = self._functions.arn(f"{function.name}:{asked['Name']}")
            raise refused("ResourceConflictException", f"Alias already exists: {arn}", 409)
        return self._put_alias(function.name, Alias(asked["Name"], asked["FunctionVersion"]), asked)

    def _update_alias(self, asked: Asked) -> Mapping[str, Any]:
        name, alias = self._alias(asked)
        check_revision(asked, alias.revision)
        return self._put_alias(name, alias, asked)

    def _put_alias(self, name: str, alias: Alias, asked: Asked) -> Mapping[str, Any]:
        routing = asked.get("RoutingConfig")
        weights = alias.weights if routing is None else routing.get("AdditionalVersionWeights") or {}
        version = asked.get("FunctionVersion", alias.version)
        for qualifier in (version, *weights):
            self._functions.get(f"{name}:{qualifier}")
        _check_weights(version, weights)
        description, revision = asked.get("Description", alias.description), self._records.revision(name)
        changed = Alias(alias.name, version, description, dict(weights), revision)
        self._published.aliases[name][alias.name] = changed
        return self._alias_shown(name, changed)

    def _delete_alias(self, asked: Asked) -> Mapping[str, Any]:
        function = self._records.latest(asked)
        self._published.aliases.get(function.name, {}).pop(asked["Name"], None)
        return {}

    def _list_aliases(self, asked: Asked) -> Mapping[str, Any]:
        function = self._records.latest(asked)
        wanted = asked.get("FunctionVersion")
        aliases = self._published.aliases.get(function.name, {}).values()
        rows = [
            self._alias_shown(function.name, alias) for alias in aliases if wanted in (None, alias.version, *alias.weights)
        ]
        return page("Aliases", rows, asked)

    def _alias(self, asked: Asked) -> tuple[str, Alias]:
        function = self._records.latest(asked)
        alias = self._published.aliases.get(function.name, {}).get(asked["Name"])
        if alias is None:
            arn = self._functions.arn(f"{function.name}:{asked['Name']}")
            raise refused("ResourceNotFoundException", f"Cannot find alias arn: {arn}", 404)
        return function.name, alias

    def _alias_shown(self, name: str, alias: Alias) -> dict[str, Any]:
        routing = {"RoutingConfig": {"AdditionalVersionWeights": dict(alias.weights)}} if alias.weights else {}
        return {
            "AliasArn": self._functions.arn(f"{name}:{alias.name}"),
            "Name": alias.name,
            "FunctionVersion": alias.version,
            "Description": alias.description,
            "RevisionId": alias.revision,
            **routing,
        }


def _told(function: Function) -> tuple[Any, ...]:
    settings = {name: value for name, value in function.settings.items() if name not in _INCIDENTAL}
    return function.code, dict(function.environment), function.timeout_ms, function.memory_mib, settings


def _check_weights(version: str, weights: Mapping[str, float]) -> None:
    if weights and LATEST in (version, *weights):
        message = "$LATEST is not supported for an alias pointing to more than 1 version"
        raise refused("InvalidParameterValueException", message)
    if version in weights:
        message = (
            f"Invalid function version {version}. Function version {version} is already included in routing configuration."
        )
        raise refused("InvalidParameterValueException", message)
    if len(weights) > 1:
        raise refused(
            "InvalidParameterValueException", "Number of items in AdditionalVersionWeights cannot be greater than 1"
        )
