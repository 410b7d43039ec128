"""Runbooks in a scenario's world: the documents that its plan names exist, take their time, and end as its faults say."""

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.account.ssm.documents import OWNED, Document
from simulator.account.ssm.outcomes import Duration, Ending, Outcome
from simulator.account.wire import Decoded
from simulator.account.world import World
from simulator.journal import FaultFired
from simulator.scenario.faults import RunbookFault
from simulator.scenario.model import Scenario

_STARTS = ("StartAutomationExecution", "SendCommand")
_ENDINGS: Mapping[str, Ending] = {"FAILED": "Failed", "HANG": "hang"}


def make_runbooks(world: World, scenario: Scenario, plan: Mapping[str, Any]) -> None:
    """Give the world the documents that a plan names and that AWS does not have, but for those that a fault keeps away."""
    faults = [fault for fault in scenario.faults if isinstance(fault, RunbookFault)]
    missing = {fault.runbook: fault.id for fault in faults if fault.outcome == "MISSING"}
    for kind, name, parameters in _named(plan):
        if name not in OWNED and name not in missing:
            world.ssm_documents.setdefault(name, _document(kind, name, parameters))
    durations = {
        name: Duration(latency.median_ms / 1000, latency.p95_ms / 1000) for name, latency in scenario.runbooks.items()
    }
    for fault in faults:
        if fault.outcome == "MISSING":
            world.account.on_arrival(_missed(world, fault))
        else:
            ending, message = _ENDINGS[fault.outcome], fault.message or ""
            takes = durations.get(fault.runbook)
            world.ssm_outcomes.add(
                Outcome(fault.runbook, ending=ending, duration=takes, message=message, times=fault.times, fault=fault.id)
            )
    for name, duration in durations.items():
        world.ssm_outcomes.add(Outcome(name, duration=duration))


def _missed(world: World, fault: RunbookFault) -> Any:
    def arrived(request: Decoded) -> None:
        asked = request.parameters.get("DocumentName") if request.operation in _STARTS else None
        if asked == fault.runbook and world.account.is_recording:
            world.journal.record(FaultFired(fault.id, fault.runbook, "MISSING"))

    return arrived


def _document(kind: str, name: str, parameters: Mapping[str, Any]) -> Document:
    """A document of one step that only lets time pass; it takes the parameters that the plan gives it."""
    declared = {key: {"type": "StringList", "default": []} for key in parameters}
    action = {"Automation": "aws:executeScript", "Command": "aws:runShellScript"}[kind]
    content = {"schemaVersion": "0.3", "parameters": declared, "mainSteps": [{"name": "run", "action": action}]}
    return Document(name, kind, "1", content)


def _named(plan: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The kind, name and parameters of every document that a plan names."""
    for wave in plan["waves"] if isinstance(plan.get("waves"), list) else ():
        for field, kind in (("preWave", "Automation"), ("postWave", "Automation"), ("healthCheck", "Command")):
            told = wave.get(field, []) if isinstance(wave, Mapping) else []
            for one in told if isinstance(told, list) else [told]:
                if isinstance(one, Mapping) and isinstance(one.get("ssm"), str):
                    yield kind, one["ssm"], one.get("parameters") or {}
