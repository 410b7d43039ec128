"""An execution as a timeline: each wave with the instants that it went through, and the chain that its length hung on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from orchestration.plan_steps import subject
from orchestration.record import Record
from orchestration.telling import critical_path, wave_timing

_OVERALL = ("createdAt", "startedAt", "endedAt", "orchestrationSeconds", "recoverySeconds", "rtoMinutes", "rtoMet",
            "cleanUpStatus", "cleanUpStartedAt", "cleanUpEndedAt",
            "failbackStatus", "failbackStartedAt", "failbackEndedAt")  # fmt: skip


def timeline(record: Record) -> Record:
    """The timeline of an execution, which may still be under way.

    A wave has `instants` by name, in their order: when its approval was asked for, its job requested and started, and so on;
    `seconds` from its start to its end, and how long after the request it was done and healthy, if it has come that far; and
    its runbooks and checks.
    """
    path = critical_path(record)
    return {
        "executionId": record["executionId"],
        "status": record["status"],
        **{name: record[name] for name in _OVERALL if name in record},
        "criticalPath": path,
        "waves": [_row(record, wave, path) for wave in record["waves"]],
    }


def _row(record: Record, wave: Mapping[str, Any], path: list[str]) -> Record:
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
    if "steps" in wave:
        row["steps"] = [_step_row(step) for step in wave["steps"]]
    return row | ({"rtoMinutes": wave["rtoMinutes"]} if "rtoMinutes" in wave else {}) | wave_timing(record, wave)


def _step_row(step: Mapping[str, Any]) -> Record:
    told = {
        name: step[name] for name in ("phase", "status", "startedAt", "endedAt", "reason", "isPassedOver") if name in step
    }
    return {"step": subject(step)} | told
