"""An execution as a timeline: each wave with the instants that it went through, and the chain that its length hung on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orchestration.record import Record
from orchestration.telling import critical_path

_OVERALL = ("createdAt", "startedAt", "endedAt", "recoverySeconds", "rtoMinutes", "rtoMet", "cleanUpStatus",
            "cleanUpStartedAt", "cleanUpEndedAt")  # fmt: skip


def timeline(record: Record) -> Record:
    """The timeline of an execution, which may still be under way.

    A wave has `instants` by name, in their order: when its approval was asked for, its job requested and started, and so on;
    and `seconds` from its start to its end, if it has come that far.
    """
    path = critical_path(record)
    return {
        "executionId": record["executionId"],
        "status": record["status"],
        **{name: record[name] for name in _OVERALL if name in record},
        "criticalPath": path,
        "waves": [_row(wave, path) for wave in record["waves"]],
    }


def _row(wave: Mapping[str, Any], path: list[str]) -> Record:
    instants = {name.removesuffix("At"): value for name, value in wave.items() if name.endswith("At")}
    row: Record = {
        "name": wave["name"],
        "status": wave["status"],
        "dependsOn": wave["dependsOn"],
        "isCritical": wave["name"] in path,
        "instants": dict(sorted(instants.items(), key=lambda one: str(one[1]))),
    }
    if "startedAt" in wave and "endedAt" in wave:
        took = datetime.fromisoformat(wave["endedAt"]) - datetime.fromisoformat(wave["startedAt"])
        row["seconds"] = took.total_seconds()
    return row
