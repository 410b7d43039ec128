"""The JSON report as a JSON Schema of draft 7, for programs that read it. `drsim schema report` prints it."""

from typing import Any

from simulator.engine.elements import Kind
from simulator.json_types import JsonObject
from simulator.runner.result import Verdict

_STATUSES = ["LAUNCHED", "FAILED", "PENDING", "NOT_STARTED"]
_VERDICTS = [str(verdict) for verdict in Verdict]


def report_schema() -> JsonObject:
    """The schema of `drsim run --format json`. Keys may be added under the same `format`; readers let others pass."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A report of drsim",
        "description": "What came of a session of drsim run.",
        **_record(
            format={"const": 1, "description": "the version of this shape"},
            drsim=_text("the version of drsim"),
            summary=_one(
                "how many scenarios came to each verdict", **{verdict: _count("that many") for verdict in _VERDICTS}
            ),
            scenarios=_several("the scenarios in the order in which they ran", _SCENARIO),
            coverage=_several("what was reached of each state machine, over all scenarios", _COVERAGE),
        ),
    }


def _record(**properties: JsonObject) -> dict[str, Any]:
    """An object that has all of these, and may have others."""
    return {"type": "object", "required": list(properties), "properties": properties}


def _one(description: str, **properties: JsonObject) -> JsonObject:
    return {"description": description, **_record(**properties)}


def _several(description: str, item: JsonObject) -> JsonObject:
    return {"description": description, "type": "array", "items": item}


def _text(description: str, *, may_lack: bool = False) -> JsonObject:
    return {"description": description, "type": ["string", "null"] if may_lack else "string"}


def _texts(description: str) -> JsonObject:
    return _several(description, {"type": "string"})


def _texts_by_name(description: str) -> JsonObject:
    return {"description": description, "type": "object", "additionalProperties": {"type": "string"}}


def _choice(description: str, values: list[str]) -> JsonObject:
    return {"description": description, "enum": list(values)}


def _count(description: str) -> JsonObject:
    return {"description": description, "type": "integer", "minimum": 0}


def _number(description: str) -> JsonObject:
    return {"description": description, "type": "number", "minimum": 0}


def _ms(description: str) -> JsonObject:
    return {"description": f"{description}, in virtual milliseconds", "type": ["integer", "null"], "minimum": 0}


_SERVER = _record(
    name=_text("the server's name"),
    sourceServerId=_text("its id in DRS"),
    status=_choice("how its recovery ended; PENDING: it never did", _STATUSES),
    startedMs=_ms("when its recovery was granted"),
    endedMs=_ms("when its launch ended"),
    reason=_text("why it failed", may_lack=True),
)
_WAVE = _record(
    name=_text("the wave's name"),
    status=_choice("how it ended; PENDING: it never did", _STATUSES),
    startedMs=_ms("when the first of its servers started"),
    endedMs=_ms("when the last of them ended"),
    servers=_several("its servers", _SERVER),
)
_CHECK = _record(
    name=_text("what was checked, in a few words"),
    passed={"description": "whether it held", "type": "boolean"},
    expected=_text("what was expected, as a sentence"),
    happened=_text("what happened instead"),
    atMs=_ms("the instant of what broke it"),
    where=_text("its wave or state", may_lack=True),
    before=_texts("the last events before that, the oldest first"),
    skipped=_text("why the target could not judge it; `passed` then says nothing", may_lack=True),
)
_SEED = _record(
    seed=_count("the seed"),
    verdict=_choice("the verdict with this seed", _VERDICTS),
    outcome=_text("how the recovery ended", may_lack=True),
    recoveryMs=_ms("how long the recovery took"),
    rpoMs=_ms("the age of the oldest recovery point used"),
    failed=_texts("the names of the checks that failed"),
)
_SCENARIO = _record(
    name=_text("the scenario's title"),
    id=_text("its id, else its file's name"),
    path=_text("its file"),
    tags=_texts("its tags"),
    controls=_texts("the controls that it is evidence for"),
    cell=_texts_by_name("the values of its matrix in this run, by name"),
    objectives=_one(
        "what the business was promised",
        rtoMs=_ms("the recovery time objective"),
        rpoMs=_ms("the recovery point objective"),
        source=_text("where that is written", may_lack=True),
    ),
    target=_text("where it ran: embedded, moto, ..."),
    seed=_count("the seed of the run that is shown"),
    verdict=_choice("the verdict, over all seeds", _VERDICTS),
    outcome=_text("how the recovery ended, whatever was expected", may_lack=True),
    recoveryMs=_ms("how long the recovery took"),
    rtoMs=_ms("how long it may take"),
    rpoMs=_ms("the age of the oldest recovery point used"),
    seeds=_several("every seed, where there are several", _SEED),
    virtualMs=_ms("how much time the run covered"),
    wallSeconds=_number("how long the machine took"),
    calibration=_text("`uncalibrated`, or the latency profile that was fitted to recorded jobs"),
    waves=_several("the waves, in the order of the plan", _WAVE),
    checks=_several("every check", _CHECK),
    warnings=_texts("what makes a pass mean less than it seems"),
    error=_text("why there is no verdict", may_lack=True),
    reproduce=_text("the command that shows this again"),
    digests=_texts_by_name("the digests of what ran, by kind"),
    cost=_one(
        "what the run would have cost in AWS",
        usd=_number("all together, in US dollars"),
        lines=_several(
            "what was used and is billed",
            _record(name=_text("what it is"), amount=_number("how much"), usd=_number("what that costs in US dollars")),
        ),
        prices=_one("whose prices these are", region=_text("the Region"), date=_text("when they were published")),
    ),
)
_SHARE = _record(
    reached=_count("how many were reached"), total=_count("how many there are"), percent=_number("the share, cut off")
)
_ELEMENT = _record(
    kind=_choice("what it is", [str(kind) for kind in Kind]),
    name=_text("what reports call it"),
    state=_text("the state that it belongs to"),
    index={"description": "the number of the rule, from 0; null for a Default", "type": ["integer", "null"], "minimum": 0},
    target=_text("the state that it leads to", may_lack=True),
    count=_count("how often it was reached"),
    line={"description": "the line in the source", "type": ["integer", "null"], "minimum": 1},
)
_COVERAGE = _record(
    machine=_text("the name of the state machine"),
    source=_text("the file of its definition", may_lack=True),
    executions=_count("how many executions there were"),
    percent=_number("the share of all elements that was reached"),
    **{str(kind): {"description": f"how many {kind} were reached", **_SHARE} for kind in Kind},
    elements=_several("every element of the definition", _ELEMENT),
)
