"""What of an execution is of interest outside: when it starts, waits, pauses and ends, and how its waves end. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from orchestration.operators import THE_PLAN
from orchestration.policy import WAVE_ENDED
from orchestration.record import ENDED, Record, wave_of
from orchestration.telling import events_between
from orchestration.waves import AWAITING_APPROVAL, AWAITING_OPERATOR, LAUNCHED, RUNNING

_OPERATIONS = {"pause": "Paused", "resume": "Resumed", "cancel": "Cancelled"}


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to an execution: `what` it is called outside, and what else there is to say.

    `notify` is what a plan asks for to have people told of it, `sentence` what they are told; `measures` are metrics with
    their units: durations in seconds, else counts.
    """

    what: str
    detail: Record
    sentence: str
    notify: str = ""
    measures: dict[str, tuple[str, float]] = field(default_factory=dict)


def happenings(before: Record | None, after: Record) -> Iterator[Happening]:
    """What happened from one version of a record to the next."""
    for event in events_between(before, after):
        match event["type"]:
            case "execution":
                yield from _execution(after)
            case "wave":
                yield from _wave(after, event["wave"])
            case "step" if event["status"] != RUNNING:
                told = {name: event[name] for name in ("wave", "step", "reason") if name in event}
                sentence = f"{event['step']} of wave {event['wave']} is {event['status']}."
                yield Happening("Step Ended", _detail(after, stepStatus=event["status"], **told), sentence)
            case "failback":
                yield Happening("Failback Changed", _detail(after, failbackStatus=event["status"]), "", "")
            case "operation" if event["operation"] in _OPERATIONS:
                yield _operation(after, event)


def _execution(record: Record) -> Iterator[Happening]:
    if record["status"] == RUNNING:
        yield Happening("Execution Started", _detail(record), "has started.", "start")
    elif record["status"] in ENDED:
        told = {
            name: record[name]
            for name in ("orchestrationSeconds", "recoverySeconds", "rtoMet", "endedAt", "error")
            if name in record
        }
        yield Happening(
            "Execution Finished",
            _detail(record, **told),
            f"has ended: {record['status']}.",
            measures=_measures_of(record),
        )


def _measures_of(record: Record) -> dict[str, tuple[str, float]]:
    """How an execution went, in numbers. What did not recover has no recovery time."""
    found: dict[str, tuple[str, float]] = {"Executions": ("Count", 1)}
    if record["status"] in ("COMPLETED", "PARTIAL"):
        times = {"RecoveryTime": "recoverySeconds", "OrchestrationTime": "orchestrationSeconds"}
        found |= {metric: ("Seconds", record[name]) for metric, name in times.items() if name in record}
    if "rtoMet" in record:
        found["RtoMet"] = ("Count", int(record["rtoMet"]))
    return found


def _wave(record: Record, name: str) -> Iterator[Happening]:
    wave = wave_of(record, name)
    status = wave["status"]
    detail = _detail(record, wave=name, waveStatus=status)
    if status in WAVE_ENDED:
        launched = sum(server["launchStatus"] == LAUNCHED for server in wave["servers"])
        sentence = f"wave {name} is {status}: {launched} of {len(wave['servers'])} servers have launched."
        yield Happening("Wave Ended", detail, sentence, "wave", _wave_measures(wave))
    elif status in (AWAITING_APPROVAL, AWAITING_OPERATOR):
        yield Happening("Wave Waiting", detail, f"wave {name} waits: {status}.")


def _wave_measures(wave: Record) -> dict[str, tuple[str, float]]:
    if "startedAt" not in wave:
        return {}
    took = datetime.fromisoformat(wave["endedAt"]) - datetime.fromisoformat(wave["startedAt"])
    return {"WaveDuration": ("Seconds", took.total_seconds())}


def _operation(record: Record, event: Record) -> Happening:
    told = {name: event[name] for name in ("by", "reason", "at") if name in event}
    what = _OPERATIONS[event["operation"]]
    reason = f": {event['reason']}" if "reason" in event else ""
    # Of the plan's own pauses the state machine tells.
    notify = "paused" if event["operation"] in ("pause", "resume") and event["by"] != THE_PLAN else ""
    return Happening(f"Execution {what}", _detail(record, **told), f"was {what.lower()} by {event['by']}{reason}.", notify)


def _detail(record: Record, **more: object) -> Record:
    heading = {name: record[name] for name in ("executionId", "planId", "planName", "isDrill", "status")}
    return heading | more
