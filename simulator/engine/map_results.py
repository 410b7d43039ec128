"""What a Distributed Map gives back, and what its ResultWriter writes."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.engine.items import Call
from simulator.engine.json_text import decode, encode, size_bytes
from simulator.engine.machine import Writing
from simulator.engine.run import Child, Run
from simulator.engine.scope import Scope
from simulator.json_types import JsonValue


def collected(children: Sequence[Child], writing: Writing | None, run: Run) -> list[JsonValue]:
    """The results of the children that succeeded, in the order of their items."""
    transformation = writing.config.get("Transformation", "COMPACT") if writing else "COMPACT"
    succeeded = [child for child in children if child.status == "SUCCEEDED"]
    if transformation == "NONE":
        return [described(child, run) for child in succeeded]
    outputs: list[Any] = [decode(child.output or "null") for child in succeeded]
    if transformation == "FLATTEN":
        return [item for output in outputs for item in (output if isinstance(output, list) else [output])]
    return outputs


def export(
    children: Sequence[Child], writing: Writing, scope: Scope, run: Run, map_run_arn: str, call: Call
) -> Mapping[str, JsonValue]:
    """Write the results of all children and their manifest; where it is. Raises `StateFailure`."""
    place: Any = writing.arguments(scope) if writing.arguments else {}
    folder = f"{place.get('Prefix', '').rstrip('/')}/{map_run_arn.rsplit(':', 1)[1]}".lstrip("/")
    files: dict[str, JsonValue] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    is_lines = writing.config.get("OutputType") == "JSONL"
    for status in ("FAILED", "SUCCEEDED"):
        entries = _entries(children, status, writing, run)
        if not entries:
            continue
        body = "\n".join(map(encode, entries)) if is_lines else encode(entries)
        key = f"{folder}/{status}_0.{'jsonl' if is_lines else 'json'}"
        call({"Bucket": place["Bucket"], "Key": key, "Body": body})
        files[status] = [{"Key": key, "Size": size_bytes(body)}]
    key = f"{folder}/manifest.json"
    manifest = {"DestinationBucket": place["Bucket"], "MapRunArn": map_run_arn, "ResultFiles": files}
    call({"Bucket": place["Bucket"], "Key": key, "Body": encode(manifest)})
    return {"MapRunArn": map_run_arn, "ResultWriterDetails": {"Bucket": place["Bucket"], "Key": key}}


def described(child: Child, run: Run) -> JsonValue:
    """A child execution as result files show it."""
    shown: dict[str, JsonValue] = {
        "ExecutionArn": child.arn, "Input": child.input, "InputDetails": {"Included": True}, "Name": child.name,
        "RedriveCount": 0, "RedriveStatus": "NOT_REDRIVABLE", "StartDate": run.timestamp(child.started_ms),
        "StateMachineArn": run.machine_arn, "Status": str(child.status), "StopDate": run.timestamp(child.ended_ms or 0),
    }  # fmt: skip
    if child.output is not None:
        shown |= {"Output": child.output, "OutputDetails": {"Included": True}}
    return shown | {name: text for name, text in (("Error", child.error), ("Cause", child.cause)) if text is not None}


def _entries(children: Sequence[Child], status: str, writing: Writing, run: Run) -> list[JsonValue]:
    if status == "SUCCEEDED" and writing.config.get("Transformation", "NONE") != "NONE":
        return collected(children, writing, run)
    is_wanted = {"SUCCEEDED": ("SUCCEEDED",), "FAILED": ("FAILED", "TIMED_OUT", "ABORTED")}[status]
    return [described(child, run) for child in children if child.status in is_wanted]
