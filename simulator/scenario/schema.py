"""The scenario file as a JSON Schema of draft 7, which editors complete, explain and check files by.

It is the model's own schema with what a single file may say besides: a matrix's value in the place of any other, and less
than a whole section where a file builds on another.
"""

from collections.abc import Mapping
from typing import Any

from simulator.json_types import JsonObject
from simulator.scenario.durations import format_duration
from simulator.scenario.fields import DURATION_SCHEMA
from simulator.scenario.model import Scenario

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
_FROM_MATRIX = {
    "type": "string",
    "pattern": r"^\$\{matrix\.[A-Za-z]\w*\}$",
    "description": "a value of `matrix`, another in each run",
}
_REFERENCE = {"$ref": "#/definitions/FromMatrix"}
_SIDE = ("description", "default", "examples")  # what is said about a value, as opposed to what it must be


def scenario_schema() -> JsonObject:
    """The schema of a scenario file. Every key has a description."""
    model: dict[str, Any] = Scenario.model_json_schema()
    definitions = {name: _converted(schema) for name, schema in model.pop("$defs").items()}
    for name in _sections(model):
        definitions[name].pop("required", None)  # the rest may stand in the file that this one builds on
    root = _converted(model)
    return {
        "$schema": DRAFT_7,
        "title": "A scenario of drsim",
        **root,
        "required": ["scenario"],
        "definitions": {**definitions, "FromMatrix": _FROM_MATRIX},
    }


def _sections(model: Mapping[str, Any]) -> list[str]:
    """The definitions of the sections that stand directly in a file."""
    references = (schema.get("$ref", "") for schema in model["properties"].values())
    return [reference.rpartition("/")[2] for reference in references if reference]


def _converted(schema: Any) -> Any:
    """A schema in the words of draft 7, each value in it a matrix's if need be."""
    if isinstance(schema, list):
        return [_converted(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {key: _converted(value) for key, value in _bare(schema).items() if key not in ("properties", *_VALUES)}
    if "properties" in schema:
        found["properties"] = {name: _value(value) for name, value in schema["properties"].items()}
    for key in _VALUES:
        if key in schema:
            found[key] = _value(schema[key]) if isinstance(schema[key], Mapping) else schema[key]
    return found


_VALUES = ("items", "additionalProperties")


def _value(schema: Mapping[str, Any]) -> JsonObject:
    """The schema of a value that may come from the matrix. Where any text may stand, so may that."""
    converted = _converted(schema)
    side = {key: converted.pop(key) for key in _SIDE if key in converted}
    alternatives = converted["anyOf"] if set(converted) == {"anyOf"} else [converted]
    if any(_takes_any_text(alternative) for alternative in alternatives):
        return {**side, **converted}
    return {**side, "anyOf": [*map(_alone, alternatives), _REFERENCE]}


def _takes_any_text(schema: Mapping[str, Any]) -> bool:
    return not schema or (schema.get("type") == "string" and {"pattern", "enum", "const", "format"}.isdisjoint(schema))


def _alone(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A reference that was wrapped only to stand beside something."""
    wrapped = schema.get("allOf", [])
    return wrapped[0] if len(schema) == len(wrapped) == 1 else schema


def _bare(schema: Mapping[str, Any]) -> dict[str, Any]:
    """One level of a schema without what draft 7 or an editor has no use for."""
    found = {key: value for key, value in schema.items() if key not in ("discriminator", "$defs")}
    found.pop("title", None)  # the model's spelling of the key
    if "description" in found:
        found["description"] = str(found["description"]).partition("\n\n")[0]  # what follows is for programmers
    if "$ref" in found:
        reference = {"$ref": str(found.pop("$ref")).replace("#/$defs/", "#/definitions/")}
        found = {**found, "allOf": [reference]} if found else reference  # beside $ref draft 7 reads nothing
    if "default" in found:
        found |= {"default": _default(found)}
    return {key: value for key, value in found.items() if key != "default" or value is not None}


def _default(schema: Mapping[str, Any]) -> Any:
    """A default as it would be written in a file: of a duration its text, not its milliseconds."""
    default = schema["default"]
    is_number = isinstance(default, int | float) and not isinstance(default, bool)
    kinds = [schema, *schema.get("anyOf", ())]
    if is_number and any(kind.get("pattern") == DURATION_SCHEMA["pattern"] for kind in kinds):
        return format_duration(int(default))
    return None if is_number and schema.get("type") == "string" else default
