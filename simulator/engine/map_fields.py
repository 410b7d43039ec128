"""The fields that only a Distributed Map has."""

from collections.abc import Mapping
from typing import Any

from simulator.engine.field_compiler import FieldCompiler, Place
from simulator.engine.machine import Batching, Distribution, Reading, Writing
from simulator.engine.resources import parse_resource
from simulator.engine.templates import Reader


def distribution(compiler: FieldCompiler, place: Place, processor: Mapping[str, Any]) -> Distribution:
    """How a Map whose processor's mode is DISTRIBUTED reads, groups, writes and tolerates."""
    config = processor.get("ProcessorConfig", {})
    state = place.state
    return Distribution(
        is_express=config.get("ExecutionType") == "EXPRESS",
        label=str(state.get("Label", "")),
        reader=_reading(compiler, place.inside("ItemReader")) if "ItemReader" in state else None,
        batcher=_batching(compiler, place.inside("ItemBatcher")) if "ItemBatcher" in state else None,
        writer=_writing(compiler, place.inside("ResultWriter")) if "ResultWriter" in state else None,
        tolerated_count=compiler.number(place, "ToleratedFailureCount"),
        tolerated_percentage=compiler.percentage(place, "ToleratedFailurePercentage"),
    )


def _reading(compiler: FieldCompiler, place: Place) -> Reading | None:
    resource, arguments = parse_resource(str(place.state.get("Resource"))), _arguments(compiler, place)
    if resource is None or arguments is None:
        compiler.refuse(place, (), "These fields are required: [Resource, Parameters]")
        return None
    config: Any = place.state.get("ReaderConfig", {})
    limit = compiler.number(place.inside("ReaderConfig"), "MaxItems") if config else None
    return Reading(resource, arguments, config, limit)


def _batching(compiler: FieldCompiler, place: Place) -> Batching:
    return Batching(
        compiler.number(place, "MaxItemsPerBatch"),
        compiler.number(place, "MaxInputBytesPerBatch"),
        compiler.template(place, "BatchInput") if "BatchInput" in place.state else None,
    )


def _writing(compiler: FieldCompiler, place: Place) -> Writing:
    config: Any = place.state.get("WriterConfig", {})
    resource = parse_resource(str(place.state["Resource"])) if "Resource" in place.state else None
    arguments = _arguments(compiler, place)
    if (resource is None) != (arguments is None) or (resource is None and not config):
        name = "Arguments" if place.is_jsonata else "Parameters"
        compiler.refuse(place, (), f"These fields are required: [Resource, {name}] or [WriterConfig]")
    return Writing(resource, arguments, config)


def _arguments(compiler: FieldCompiler, place: Place) -> Reader | None:
    name = "Arguments" if place.is_jsonata else "Parameters"
    return compiler.template(place, name) if name in place.state else None
