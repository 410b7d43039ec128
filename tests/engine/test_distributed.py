"""Distributed Map: items from S3, batches, tolerance, results in S3, and the executions of the items."""

import json
from typing import Any

import pytest

from simulator.engine.definition import find_problems
from simulator.engine.failures import TaskFailure
from simulator.engine.integrations import TaskCall
from simulator.journal import HistoryEvent
from simulator.json_types import JsonValue
from tests.engine.world import ACCOUNT, World, machine, output, task

GET = "arn:aws:states:::s3:getObject"


def distributed(processor: dict[str, Any], **fields: Any) -> dict[str, Any]:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    return {"Type": "Map", "Label": "Each", "ItemProcessor": {**processor, "ProcessorConfig": config}, **fields}


def reading(body: str, **config: Any) -> tuple[World, dict[str, Any]]:
    world = World({"Map": lambda call: {"Body": body}})
    reader = {"Resource": GET, "Parameters": {"Bucket": "b", "Key.$": "$.key"}, "ReaderConfig": config}
    return world, machine(Map=distributed(machine(Keep={"Type": "Pass"}), ItemReader=reader))


def read(body: str, **config: Any) -> Any:
    world, definition = reading(body, **config)
    return output(world.run(definition, {"key": "k"}))


def test_items_are_read_in_every_format() -> None:
    assert read('[1, {"a": 2}]', InputType="JSON") == [1, {"a": 2}]
    assert read('{"x": 1}', InputType="JSON") == [{"Key": "x", "Value": 1}]
    assert read('{"a": {"b": [7]}}', InputType="JSON", ItemsPointer="/a/b") == [7]
    assert read('{"n": 1}\n\n{"n": 2}\n', InputType="JSONL") == [{"n": 1}, {"n": 2}]
    assert read('id,name\n1,"a, b"\n2\n', InputType="CSV") == [{"id": "1", "name": "a, b"}, {"id": "2", "name": ""}]
    given = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x", "y"], "CSVDelimiter": "PIPE"}
    assert read("1|2\n", **given) == [{"x": "1", "y": "2"}]
    assert read("[1,2,3]", InputType="JSON", MaxItems=2) == [1, 2]


@pytest.mark.parametrize(
    ("body", "config", "cause"),
    [
        ("3", {"InputType": "JSON"}, "Attempting to map over non-iterable node."),
        ("a,b,a\n1,2,3\n", {"InputType": "CSV"}, "CSV headers cannot contain duplicates."),
        ("[1]", {"InputType": "JSON", "MaxItemsPath": "$.most"}, "field MaxItems must be positive"),
        ('{"a": []}', {"InputType": "JSON", "ItemsPointer": "/a/4"}, "Failed to read the items: list index out of range"),
    ],
)
def test_items_that_cannot_be_had_fail_the_map_run(body: str, config: dict[str, Any], cause: str) -> None:
    world, definition = reading(body, **config)
    execution = world.run(definition, {"key": "k", "most": -1})
    assert (execution.error, execution.cause) == ("States.ItemReaderFailed", cause)
    assert world.types()[3:] == ["MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_an_empty_table_has_no_items_and_a_bound_that_is_no_number_fails_before_the_map_begins() -> None:
    assert read("", InputType="CSV", CSVHeaderLocation="FIRST_ROW") == []
    world, definition = reading("[1]", InputType="JSON", MaxItemsPath="$.key")
    execution = world.run(definition, {"key": "k"})
    assert 'The MaxItemsPath field refers to value "k" which is not a valid integer: $.key' in (execution.cause or "")
    assert world.types() == ["ExecutionStarted", "MapStateEntered", "ExecutionFailed"]


def test_the_readers_call_is_made_with_its_parameters() -> None:
    world, definition = reading("[]", InputType="JSON")
    world.run(definition, {"key": "items.json"})
    assert [(call.resource.arn, call.parameters) for call in world.calls] == [(GET, {"Bucket": "b", "Key": "items.json"})]
    assert world.types() == [
        "ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded",
        "MapStateExited", "ExecutionSucceeded",
    ]  # fmt: skip


def test_what_cannot_be_read_is_an_item_reader_failure() -> None:
    world, definition = reading("not json", InputType="JSON")
    assert world.run(definition, {"key": "k"}).error == "States.ItemReaderFailed"
    assert world.types()[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_objects_are_listed_page_by_page() -> None:
    def call(task: TaskCall) -> JsonValue:
        parameters: Any = task.parameters
        if "ContinuationToken" in parameters:
            return {"Contents": [{"Key": "b"}]}
        return {"Contents": [{"Key": "a"}], "NextContinuationToken": "t"}

    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}}
    world = World({"Map": call})
    definition = machine(Map=distributed(machine(Keep={"Type": "Pass"}), ItemReader=reader))
    assert output(world.run(definition)) == [{"Key": "a"}, {"Key": "b"}]


def test_listed_objects_are_loaded_and_their_items_put_together() -> None:
    bodies = {"a": '{"n": 1}\n{"n": 2}', "b": '{"n": 3}', "c": '{"n": 4}'}

    def call(task: TaskCall) -> JsonValue:
        parameters: Any = task.parameters
        if task.resource.api == "listObjectsV2":
            return {"Contents": [{"Key": key} for key in bodies]}
        return {"Body": bodies[parameters["Key"]]}

    config = {"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN", "MaxItems": 3}
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b"}, "ReaderConfig": config}
    world = World({"Map": call})
    definition = machine(Map=distributed(machine(Keep={"Type": "Pass"}), ItemReader=reader))
    assert output(world.run(definition)) == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert [call.resource.api for call in world.calls] == ["listObjectsV2", "getObject", "getObject"]


def manifest(files: dict[str, str], **config: Any) -> Any:
    """What a reader makes of the manifest `m` and the files that it names."""
    world = World({"Map": lambda call: {"Body": files[call.parameters["Bucket"] + "/" + call.parameters["Key"]]}})  # type: ignore[call-overload, index, operator]
    reader = {"Resource": GET, "Parameters": {"Bucket": "b", "Key": "m"}, "ReaderConfig": config}
    return world.run(machine(Map=distributed(machine(Keep={"Type": "Pass"}), ItemReader=reader)))


def test_manifests_name_the_files_that_hold_the_items() -> None:
    inventory = json.dumps({"fileFormat": "CSV", "fileSchema": "Bucket, Key", "files": [{"key": "x"}, {"key": "y"}]})
    files = {"b/m": inventory, "b/x": "b,one\n", "b/y": "b,two\n"}
    expected = [{"Bucket": "b", "Key": "one"}, {"Bucket": "b", "Key": "two"}]
    assert output(manifest(files, InputType="MANIFEST")) == expected
    assert output(manifest(files, InputType="CSV", ManifestType="S3_INVENTORY")) == expected
    athena = {"b/m": '"s3://out/x.jsonl"\ns3://out/y.jsonl\n', "out/x.jsonl": '{"n":1}', "out/y.jsonl": '{"n":2}'}
    assert output(manifest(athena, InputType="JSONL", ManifestType="ATHENA_DATA")) == [{"n": 1}, {"n": 2}]


def test_what_the_simulation_cannot_read_is_said() -> None:
    execution = manifest({"b/m": "PAR1"}, InputType="PARQUET")
    assert (execution.error, execution.cause) == (
        "States.ItemReaderFailed",
        "Failed to read the items: the simulation cannot read the format PARQUET, only JSON, JSONL and CSV",
    )
    broken = manifest({"b/m": "not an address"}, InputType="JSONL", ManifestType="ATHENA_DATA")
    assert broken.cause == (
        "Failed to read the items: a line of the manifest is not the address of an object, s3://bucket/key"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"ItemReader": {"Resource": GET, "Parameters": {}, "ReaderConfig": {"InputType": "XML"}}},
         "Value must be one of: [CSV, JSON, JSONL, PARQUET, MANIFEST] at /States/Map/ItemReader/ReaderConfig/InputType"),
        ({"ItemReader": {"Resource": GET, "Parameters": {}, "Config": {}}},
         "Field 'Config' is not supported at /States/Map/ItemReader"),
        ({"ItemReader": {"Resource": GET, "Parameters": {}, "ReaderConfig": {"CSVHeaderLocation": "GIVEN"}}},
         "These fields are required: [CSVHeaders] at /States/Map/ItemReader/ReaderConfig"),
        ({"ItemBatcher": {"MaxInputBytesPerBatch": 262_145}},
         "Value must be between 1 and 262144 at /States/Map/ItemBatcher/MaxInputBytesPerBatch"),
        ({"ResultWriter": {"WriterConfig": {"OutputType": "CSV"}}},
         "Value must be one of: [JSON, JSONL] at /States/Map/ResultWriter/WriterConfig/OutputType"),
    ],
)  # fmt: skip
def test_the_objects_inside_of_a_map_are_checked_too(fields: dict[str, Any], message: str) -> None:
    definition = machine(Map=distributed(machine(Keep={"Type": "Pass"}), **fields))
    assert [problem.message for problem in find_problems(json.dumps(definition))] == [f"SCHEMA_VALIDATION_FAILED: {message}"]


def test_each_item_is_an_execution_of_its_own() -> None:
    world = World({"Work": lambda call: call.execution_arn})
    execution = world.run(machine(Map=distributed(machine(Work=task()))), [1, 2])
    arns = output(execution)
    assert all(arn.startswith(f"arn:aws:states:us-east-1:{ACCOUNT}:execution:plan/Each:") for arn in arns)
    assert len(set(arns)) == 2
    kinds = [event.type for _, event in world.journal.of(HistoryEvent) if event.execution == arns[0]]
    assert (kinds[0], kinds[-1]) == ("ExecutionStarted", "ExecutionSucceeded")
    (run,) = execution.map_runs
    assert (run.status, run.total, run.succeeded, run.failed) == ("SUCCEEDED", 2, 2, 0)


def failing_on(*values: int) -> World:
    def call(task: TaskCall) -> JsonValue:
        if task.parameters in values:
            raise TaskFailure("Broken")
        return task.parameters

    return World({"Work": call})


def test_the_first_failure_fails_the_run_unless_some_are_tolerated() -> None:
    world = failing_on(2)
    execution = world.run(machine(Map=distributed(machine(Work=task()), MaxConcurrency=1)), [1, 2, 3])
    assert (execution.error, execution.cause) == (
        "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
    )  # fmt: skip
    assert execution.map_runs[0].status == "FAILED"
    tolerant = failing_on(2).run(machine(Map=distributed(machine(Work=task()), ToleratedFailureCount=1)), [1, 2, 3])
    assert output(tolerant) == [1, 3]
    percent = machine(Map=distributed(machine(Work=task()), ToleratedFailurePercentage=50))
    assert output(failing_on(2).run(percent, [1, 2, 3])) == [1, 3]
    assert failing_on(2, 3).run(percent, [1, 2, 3]).status == "FAILED"


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        ({}, 'The ToleratedFailurePercentagePath field refers to value "{}" which is not a valid float: $.share'),
        (-1, "ToleratedFailurePercentage must be between 0 and 100."),
        (100.1, "ToleratedFailurePercentage must be between 0 and 100."),
    ],
)
def test_a_share_must_be_one(value: Any, cause: str) -> None:
    fields = {"ItemsPath": "$.items", "ToleratedFailurePercentagePath": "$.share"}
    world = World()
    execution = world.run(machine(Map=distributed(machine(Keep={"Type": "Pass"}), **fields)), {"items": [1], "share": value})
    assert (execution.error, (execution.cause or "").endswith(cause)) == ("States.Runtime", True)
    assert world.types()[-2:] == ["MapStateStarted", "ExecutionFailed"]


def test_a_run_that_fails_ends_its_other_executions() -> None:
    world = World()

    def call(task: TaskCall) -> JsonValue:
        world.clock.sleep_ms(1_000 if task.parameters == 1 else 50_000)
        raise TaskFailure("Broken")

    world.tasks = {"Work": call}
    execution = world.run(machine(Map=distributed(machine(Work=task()))), [1, 2])
    assert execution.ended_ms == 1_000
    assert [child.status for child in execution.map_runs[0].children] == ["FAILED", "ABORTED"]
    assert world.clock.blocked() == []


def test_items_come_in_batches() -> None:
    batcher = {"MaxItemsPerBatch": 2, "BatchInput": {"plan.$": "$.plan"}}
    definition = machine(
        Map=distributed(machine(Keep={"Type": "Pass"}), ItemsPath="$.items", ItemBatcher=batcher, MaxConcurrency=1)
    )
    assert output(World().run(definition, {"plan": "p", "items": [1, 2, 3]})) == [
        {"BatchInput": {"plan": "p"}, "Items": [1, 2]}, {"BatchInput": {"plan": "p"}, "Items": [3]},
    ]  # fmt: skip


def test_results_are_written_with_a_manifest() -> None:
    written: dict[str, Any] = {}

    def put(task: TaskCall) -> JsonValue:
        parameters: Any = task.parameters
        written[parameters["Key"].rsplit("/", 1)[1]] = json.loads(parameters["Body"])
        return {}

    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "out"}}
    world = failing_on(2)
    world.tasks = {**world.tasks, "Map": put}
    definition = machine(Map=distributed(machine(Work=task()), ResultWriter=writer, ToleratedFailureCount=1))
    result = output(world.run(definition, [1, 2]))
    assert result["ResultWriterDetails"]["Bucket"] == "b"
    assert result["ResultWriterDetails"]["Key"].startswith("out/")
    assert sorted(written) == ["FAILED_0.json", "SUCCEEDED_0.json", "manifest.json"]
    assert (written["SUCCEEDED_0.json"][0]["Output"], written["FAILED_0.json"][0]["Error"]) == ("1", "Broken")
    assert written["manifest.json"]["MapRunArn"] == result["MapRunArn"]


def test_results_of_a_run_that_failed_are_written_too() -> None:
    written: dict[str, Any] = {}

    def put(task: TaskCall) -> JsonValue:
        parameters: Any = task.parameters
        written[parameters["Key"].rsplit("/", 1)[1]] = parameters["Body"]
        return {}

    writer = {
        "Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"},
        "WriterConfig": {"OutputType": "JSONL", "Transformation": "COMPACT"},
    }  # fmt: skip
    world = failing_on(2)
    world.tasks = {**world.tasks, "Map": put}
    definition = machine(Map=distributed(machine(Work=task()), ResultWriter=writer, MaxConcurrency=1))
    execution = world.run(definition, [1, 2, 3])
    assert execution.error == "States.ExceedToleratedFailureThreshold"
    assert sorted(written) == ["FAILED_0.jsonl", "SUCCEEDED_0.jsonl", "manifest.json"]
    assert (written["SUCCEEDED_0.jsonl"], json.loads(written["FAILED_0.jsonl"])["Error"]) == ("1", "Broken")
    assert world.types()[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


@pytest.mark.parametrize("writer", [{}, {"WriterConfig": {}}, {"Resource": "arn:aws:states:::s3:putObject"}])
def test_a_result_writer_must_say_where_or_how(writer: dict[str, Any]) -> None:
    definition = machine(Map=distributed(machine(Keep={"Type": "Pass"}), ResultWriter=writer))
    assert [problem.message for problem in find_problems(json.dumps(definition))] == [
        (
            "SCHEMA_VALIDATION_FAILED: These fields are required: [Resource, Parameters] or [WriterConfig]"
            " at /States/Map/ResultWriter"
        )
    ]


@pytest.mark.parametrize(
    ("transformation", "result"), [("COMPACT", [[1], [2, 3]]), ("FLATTEN", [1, 2, 3]), (None, [[1], [2, 3]])]
)
def test_results_are_transformed_as_the_writer_says(transformation: str | None, result: Any) -> None:
    writer = {"ResultWriter": {"WriterConfig": {"Transformation": transformation}}} if transformation else {}
    definition = machine(Map=distributed(machine(Keep={"Type": "Pass"}), **writer))
    assert output(World().run(definition, [[1], [2, 3]])) == result


def test_stopping_the_parent_stops_the_children() -> None:
    world = World()
    wait = machine(Pause={"Type": "Wait", "Seconds": 600})
    execution = world.start(machine(Map=distributed(wait)), [1, 2])
    world.clock.call_after(5_000, execution.stop)
    world.clock.run()
    assert [child.status for child in execution.map_runs[0].children] == ["ABORTED", "ABORTED"]
    assert execution.map_runs[0].status == "ABORTED"
    assert (world.clock.now_ms, world.clock.blocked()) == (5_000, [])


@pytest.mark.parametrize(
    ("language", "items", "selector"),
    [
        ("JSONPath", {"ItemsPath": "$.tiers"}, {"key.$": "$$.Map.Item.Key", "item.$": "$$.Map.Item"}),
        (
            "JSONata",
            {"Items": "{% $states.input.tiers %}"},
            {"key": "{% $states.context.Map.Item.Key %}", "item": "{% $states.context.Map.Item %}"},
        ),
    ],
)
def test_the_members_of_an_object_are_items_with_keys(language: str, items: Any, selector: Any) -> None:
    given: Any = {"tiers": {"data": [1], "web": 2}}
    keep = machine(Keep={"Type": "Pass"})
    plain = machine(Map={**distributed(keep, **items), "QueryLanguage": language})
    assert output(World().run(plain, given)) == [{"Key": "data", "Value": [1]}, {"Key": "web", "Value": 2}]
    selecting = machine(Map={**distributed(keep, **items, ItemSelector=selector), "QueryLanguage": language})
    assert output(World().run(selecting, given)) == [
        {"key": "data", "item": {"Index": 0, "Key": "data", "Value": [1], "Source": "STATE_DATA"}},
        {"key": "web", "item": {"Index": 1, "Key": "web", "Value": 2, "Source": "STATE_DATA"}},
    ]


def test_an_item_says_where_it_was_read() -> None:
    world, definition = reading("[7]", InputType="JSON")
    definition["States"]["Map"]["ItemSelector"] = {"from.$": "$$.Map.Item.Source"}
    assert output(world.run(definition, {"key": "folder/k"})) == [{"from": "S3://b/folder/k"}]
