"""Layers: archives whose modules functions find as if they were their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.account.deployed_code import DeployedCode
from simulator.account.lambdas.packages import Packages, digest
from simulator.account.lambdas.records import Asked, Operation, Records, page
from simulator.account.qualifiers import refused

MAX_LAYERS = 5
_SHOWN = ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """A published version of a layer."""

    arn: str
    number: int
    data: bytes
    created: str
    given: Mapping[str, Any]


class Layers:
    """The layers of one account and Region."""

    def __init__(self, records: Records, packages: Packages, code: DeployedCode) -> None:
        self._records, self._packages, self._code = records, packages, code
        self._versions: dict[str, dict[int, LayerVersion]] = {}
        self._published: dict[str, int] = {}
        self.operations: Mapping[str, Operation] = {
            "DeleteLayerVersion": self._delete,
            "GetLayerVersion": lambda asked: _shown(self._version(asked["LayerName"], asked["VersionNumber"]), True),
            "GetLayerVersionByArn": lambda asked: _shown(self._by_arn(asked["Arn"]), True),
            "ListLayerVersions": self._list_versions,
            "ListLayers": self._list,
            "PublishLayerVersion": self._publish,
        }

    def folders(self, arns: Sequence[str]) -> tuple[Path, ...]:
        """Where these layer versions are unpacked; those of other accounts, such as AWS's own, are not here.

        Raises ServiceError.
        """
        if len(arns) > MAX_LAYERS:
            raise refused("InvalidParameterValueException", f"Cannot reference more than {MAX_LAYERS} layers.")
        return tuple(self._code.folder(self._used(arn).data) for arn in arns if self._is_own(arn))

    def sizes(self, arns: Sequence[str]) -> list[dict[str, Any]]:
        """These layer versions as a function's configuration shows them."""
        return [{"Arn": arn, "CodeSize": len(self._used(arn).data) if self._is_own(arn) else 0} for arn in arns]

    def _publish(self, asked: Asked) -> Mapping[str, Any]:
        name = asked["LayerName"].rsplit(":", 1)[-1]
        self._published[name] = number = self._published.get(name, 0) + 1
        data = self._packages.fetched(asked["Content"])
        self._code.folder(data)
        arn = f"{self._arn(name)}:{number}"
        given = {member: asked[member] for member in _SHOWN if member in asked}
        added = LayerVersion(arn, number, data, self._records.now(), {"Description": "", **given})
        self._versions.setdefault(name, {})[number] = added
        return _shown(added, True)

    def _delete(self, asked: Asked) -> Mapping[str, Any]:
        """DeleteLayerVersion; deleting what is not there is no error."""
        self._versions.get(asked["LayerName"].rsplit(":", 1)[-1], {}).pop(asked["VersionNumber"], None)
        return {}

    def _list(self, asked: Asked) -> Mapping[str, Any]:
        rows = [
            {
                "LayerName": name,
                "LayerArn": self._arn(name),
                "LatestMatchingVersion": _shown(list(versions.values())[-1], False),
            }
            for name, versions in sorted(self._versions.items())
            if versions
        ]
        return page("Layers", rows, asked)

    def _list_versions(self, asked: Asked) -> Mapping[str, Any]:
        versions = self._versions.get(asked["LayerName"].rsplit(":", 1)[-1], {})
        return page("LayerVersions", [_shown(version, False) for version in reversed(versions.values())], asked)

    def _arn(self, name: str) -> str:
        functions = self._records.functions
        return f"arn:aws:lambda:{functions.region}:{functions.account_id}:layer:{name}"

    def _is_own(self, arn: str) -> bool:
        return arn.split(":")[4:5] == [self._records.functions.account_id]

    def _version(self, name: str, number: int) -> LayerVersion:
        own = name.rsplit(":", 1)[-1]
        found = self._versions.get(own, {}).get(number)
        if found is None:
            arn = f"{self._arn(own)}:{number}"
            raise refused("ResourceNotFoundException", f"Layer version {arn} does not exist.", 404)
        return found

    def _by_arn(self, arn: str) -> LayerVersion:
        layer, _, number = arn.rpartition(":")
        found = self._version(layer, int(number)) if number.isascii() and number.isdigit() and len(number) < 10 else None
        if found is None or found.arn != arn:
            raise refused("ResourceNotFoundException", "The resource you requested does not exist.", 404)
        return found

    def _used(self, arn: str) -> LayerVersion:
        for versions in self._versions.values():
            for version in versions.values():
                if version.arn == arn:
                    return version
        raise refused("InvalidParameterValueException", f"Layer version {arn} does not exist.")


def _shown(version: LayerVersion, is_whole: bool) -> dict[str, Any]:
    shown = {"LayerVersionArn": version.arn, "Version": version.number, "CreatedDate": version.created, **version.given}
    if not is_whole:
        return shown
    content = {"CodeSha256": digest(version.data), "CodeSize": len(version.data)}
    return {**shown, "LayerArn": version.arn.rsplit(":", 1)[0], "Content": content}
