"""What a system finds when it begins: tables and items, objects in S3, parameters and documents of Systems Manager."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulator.account import moto_services
from simulator.account.cloudformation.deploying import put_objects
from simulator.account.world import ACCOUNT_ID, World
from simulator.errors import Problem, ScenarioError
from simulator.json_types import JsonValue
from simulator.packaging.archive import archive
from simulator.packaging.digests import read_bytes
from simulator.scenario.model import Scenario
from simulator.scenario.plan import as_text, substitute
from simulator.scenario.system import Index, Table
from simulator.scenario.templates import parse_document
from simulator.targets.local_files import source_of

_KEY_KINDS = ("HASH", "RANGE")
_TYPES = {"string": "S", "number": "N", "binary": "B"}


def stock(world: World, scenario: Scenario, values: Mapping[str, JsonValue]) -> None:
    """Make the buckets, parameters and documents that the system names; `values` are what placeholders stand for.

    Raises ScenarioError for what AWS refuses.
    """
    system = scenario.system
    for bucket, objects in system.buckets.items():
        with _told(scenario, "buckets", bucket):
            contents = {key: _object(world, path) for key, path in objects.items()}
            put_objects(world.at(ACCOUNT_ID, world.region), bucket, contents)
    for name, value in system.ssm_parameters.items():
        with _told(scenario, "ssmParameters", name):
            _client(world, "ssm").put_parameter(Name=name, Value=as_text(substitute(value, values)), Type="String")
    for name, path in system.documents.items():
        with _told(scenario, "documents", name):
            _put_document(world, name, path)


def create_table(world: World, scenario: Scenario, name: str, table: Table) -> None:
    """Make a table with its indexes. Raises ScenarioError for what DynamoDB refuses."""
    indexes = [
        {"IndexName": index, "KeySchema": _schema(one.key), "Projection": _projection(one)}
        for index, one in table.indexes.items()
    ]
    given: dict[str, Any] = {"GlobalSecondaryIndexes": indexes} if indexes else {}
    attributes = [
        {"AttributeName": key, "AttributeType": _TYPES[table.types.get(key, "string")]} for key in table.attributes
    ]
    with _told(scenario, "tables", name):
        _client(world, "dynamodb").create_table(
            TableName=name,
            KeySchema=_schema(table.key),
            AttributeDefinitions=attributes,
            BillingMode="PAY_PER_REQUEST",
            **given,
        )


def put_item(world: World, scenario: Scenario, name: str, table: str, item: JsonValue) -> None:
    """Put an item into the table that the scenario calls `name`. Raises ScenarioError for what DynamoDB refuses."""
    if not isinstance(item, dict):
        raise ScenarioError([Problem(scenario.where("system", "tables", name), "an item must be a mapping")])
    stored = moto_services.to_dynamodb(item)["M"]
    with _told(scenario, "tables", name):
        _client(world, "dynamodb").put_item(TableName=table, Item=stored)


def _schema(key: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(key, _KEY_KINDS, strict=False)]


def _projection(index: Index) -> dict[str, Any]:
    match index.projection:
        case None:
            return {"ProjectionType": "ALL"}
        case ():
            return {"ProjectionType": "KEYS_ONLY"}
        case names:
            return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(names)}


def _put_document(world: World, name: str, path: Path) -> None:
    content = parse_document(read_bytes(path).decode(), str(path))
    version = str(content.get("schemaVersion", "")) if isinstance(content, dict) else ""
    kind = "Automation" if version == "0.3" else "Command"
    text = json.dumps(content)
    _client(world, "ssm").create_document(Name=name, Content=text, DocumentType=kind, DocumentFormat="JSON")


def _object(world: World, path: Path) -> bytes:
    """What lies in the bucket: the file, or the folder as a zip, which then runs from the folder itself."""
    if not path.is_dir():
        return read_bytes(path)
    source = source_of(path)
    data = archive({name: read_bytes(file) for name, file in source.files()})
    world.code.comes_from(data, path.parent if source.name else path)
    return data


@contextmanager
def _told(scenario: Scenario, *where: str) -> Iterator[None]:
    """Turn what AWS refuses within into a problem at a place of the scenario's system."""
    try:
        yield
    except moto_services.Refused as refusal:
        error = refusal.response["Error"]
        message = f"AWS refuses it: {error.get('Message', '')} ({error.get('Code', '')})"
        raise ScenarioError([Problem(scenario.where("system", *where), message)]) from refusal


def _client(world: World, service: str) -> Any:
    return moto_services.client(service, world.region, ACCOUNT_ID)
