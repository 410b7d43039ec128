"""What a run does, line by line, against the trace beside its scenario: any change in what is asked or told shows.

    python scenarios/traces/traces.py scenarios/traces/whole-drill.yaml

writes whole-drill.trace anew; read what has changed in it. A line is an instant, who, and a call with its request, a metric,
or a request to the API with its status. Of DynamoDB's calls only the operation is kept: what is written there shows in the
record at the end.
"""

import json
import sys
from difflib import unified_diff
from pathlib import Path

MAX_SHOWN = 12  # lines of a difference
_LOCAL = ("dynamodb", "states")  # whose requests are the orchestrator's own affair
_TOKENS = ("clientToken", "ClientToken", "ClientRequestToken", "taskToken")


def is_as_written(run):
    """The run's trace is the one in the file beside the scenario."""
    found, record = trace(run.journal), run.record
    if record is None:
        return "the run left no record"
    file = Path(__file__).parent / f"{record['planId']}.trace"
    written = file.read_text("utf-8").splitlines() if file.is_file() else []
    if found == written:
        return None
    changed = list(unified_diff(written, found, "written", "found", lineterm="", n=0))[2:]
    more = f"\n... and {len(changed) - MAX_SHOWN} more lines" if len(changed) > MAX_SHOWN else ""
    return "\n".join(changed[:MAX_SHOWN]) + more


def trace(journal):
    """The lines of a run, and the record at its end."""
    lines = [f"{_clock(entry.at_ms)} {line}" for entry in journal for line in _lines(entry.event)]
    records = [entry.event.item for entry in journal if entry.event.kind == "record"]
    return [*lines, *json.dumps(records, indent=1, sort_keys=True, ensure_ascii=False).splitlines()]


def _lines(event):
    match event.kind:
        case "api.call":
            told = "" if event.service in _LOCAL else f" {_short(event.request)}"
            outcome = f" {event.error}" if event.error else ""
            yield f"{event.caller} {event.region} {event.service}:{event.operation}{outcome}{told}"
        case "log.line" if '"_aws"' in event.text:
            yield from _metrics(json.loads(event.text))
        case "request":
            yield f"{event.sent} {event.status}"


def _metrics(document):
    for block in document["_aws"]["CloudWatchMetrics"]:
        dimensions = [f"{name}={document[name]}" for name in sorted(block["Dimensions"][0])]
        for metric in block["Metrics"]:
            yield f"metric {metric['Name']} {document[metric['Name']]} {metric['Unit']} {' '.join(dimensions)}"


def _short(request):
    if not isinstance(request, dict):
        return ""
    return json.dumps(
        {name: value for name, value in request.items() if name not in _TOKENS}, sort_keys=True, ensure_ascii=False
    )


def _clock(at_ms):
    return f"{at_ms // 3_600_000}:{at_ms // 60_000 % 60:02}:{at_ms // 1_000 % 60:02}.{at_ms % 1_000:03}"


def main():
    """Write the traces of scenarios, by their files' names."""
    from simulator.runner.run import run_scenario  # noqa: PLC0415  # a check is called by the runner and needs none of it
    from simulator.scenario.loading import load  # noqa: PLC0415  # so is this

    for name in sys.argv[1:]:
        lines = trace(run_scenario(load(Path(name))).journal)
        Path(name).with_suffix(".trace").write_text("".join(f"{line}\n" for line in lines), "utf-8")


if __name__ == "__main__":
    main()
