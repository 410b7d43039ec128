"""Layers: folders that several functions share, by version, as Lambda lays them under /opt."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.account.deployed_code import DeployedCode
from simulator.errors import ServiceError
from simulator.json_types import JsonValue

_SHOWN = ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """A version of a layer: where its files lie, and what the API shows of it."""

    arn: str
    number: int
    folder: Path
    settings: Mapping[str, JsonValue]


class Layers:
    """The layers of one account and Region."""

    def __init__(self, account_id: str, region: str, code: DeployedCode) -> None:
        self._prefix, self._account_id, self._code = f"arn:aws:lambda:{region}:{account_id}:layer:", account_id, code
        self._versions: dict[str, list[LayerVersion]] = {}

    def publish(self, name: str, data: bytes, asked: Mapping[str, Any]) -> LayerVersion:
        """Add a version. Raises ServiceError for what is no zip."""
        name = self._name(name)
        versions = self._versions.setdefault(name, [])
        number = versions[-1].number + 1 if versions else 1
        settings = {key: asked[key] for key in _SHOWN if key in asked}
        versions.append(LayerVersion(f"{self._prefix}{name}:{number}", number, self._code.folder(data), settings))
        return versions[-1]

    def get(self, name: str, number: int) -> LayerVersion:
        """A version by the layer's name or ARN. Raises Lambda's ResourceNotFoundException."""
        for version in self._versions.get(self._name(name), ()):
            if version.number == number:
                return version
        message = f"Layer version {self._prefix}{self._name(name)}:{number} does not exist."
        raise ServiceError("ResourceNotFoundException", message, 404, {"Type": "User"})

    def versions(self, name: str) -> list[LayerVersion]:
        """The versions of a layer, the newest first."""
        return list(reversed(self._versions.get(self._name(name), [])))

    def newest(self) -> Mapping[str, LayerVersion]:
        """The newest version of each layer that has any, by the layers' names."""
        return {name: versions[-1] for name, versions in sorted(self._versions.items()) if versions}

    def remove(self, name: str, number: int) -> None:
        """Take a version away. Functions that have it keep it."""
        versions = self._versions.get(self._name(name), [])
        versions[:] = [version for version in versions if version.number != number]

    def folders(self, arns: list[str]) -> tuple[Path, ...]:
        """The folders of layers' versions by their ARNs; those of other accounts, such as AWS's own, are not here.

        Raises ServiceError for a version of this account that does not exist.
        """
        own = [arn.rpartition(":") for arn in arns if arn.split(":")[4:5] == [self._account_id]]
        return tuple(self._found(name, number) for name, _, number in own)

    def _found(self, name: str, number: str) -> Path:
        try:
            return self.get(name, int(number) if number.isdigit() else 0).folder
        except ServiceError as missing:
            raise ServiceError("InvalidParameterValueException", missing.message, 400, {"Type": "User"}) from missing

    def _name(self, name_or_arn: str) -> str:
        return name_or_arn.removeprefix(self._prefix)


def shown(name: str, version: LayerVersion) -> dict[str, Any]:
    """A version as the API shows it."""
    layer = version.arn.rpartition(":")[0]
    return {
        "LayerArn": layer,
        "LayerName": name,
        "LayerVersionArn": version.arn,
        "Version": version.number,
        **version.settings,
    }
