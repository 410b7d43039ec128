"""AWS::Lambda::LayerVersion: what functions share."""

from typing import Any

from simulator.account.cloudformation.kinds import Asked, Kind, Made

_SETTINGS = ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")


def _publish(asked: Asked) -> Made:
    given = asked.properties
    settings: dict[str, Any] = {name: given[name] for name in _SETTINGS if name in given}
    where = {name: given["Content"][name] for name in ("S3Bucket", "S3Key", "S3ObjectVersion") if name in given["Content"]}
    made = asked.client("lambda").publish_layer_version(LayerName=asked.name, Content=where, **settings)
    return Made(made["LayerVersionArn"], {"Arn": made["LayerVersionArn"], "LayerVersionArn": made["LayerVersionArn"]})


def _delete(asked: Asked, arn: str) -> None:
    layer, version = arn.rsplit(":", 1)
    asked.client("lambda").delete_layer_version(LayerName=layer, VersionNumber=int(version))


KINDS = (Kind("AWS::Lambda::LayerVersion", _publish, _delete, "LayerName"),)
