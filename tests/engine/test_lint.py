"""What the linter finds in definitions: a stable code, a place, what is wrong, and how to mend it."""

import json
from typing import Any

import pytest

from simulator.engine.lint import lint
from simulator.engine.lint_rules import RULES
from tests.engine.world import machine, task

SAFE = {
    "Retry": [{"ErrorEquals": ["Busy"]}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Z"}],
}
END = {"Type": "Succeed"}


def safe(**fields: Any) -> dict[str, Any]:
    """A Task that the linter likes; its catcher leads to `Z`."""
    return task(**{**SAFE, **fields})


def codes(definition: Any, *, is_express: bool = False) -> list[str]:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return [found.code for found in lint(text, is_express=is_express)]


def messages(definition: Any) -> list[str]:
    return [found.message for found in lint(json.dumps(definition))]


def within(definition: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**definition, **fields}


def test_a_clean_definition_has_no_findings() -> None:
    assert lint(json.dumps(machine(A={"Type": "Pass"}))) == []


def test_a_finding_is_data_with_its_place() -> None:
    text = json.dumps(
        machine(A={"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Z"}]}, Z=END), indent=2
    )
    (found,) = lint(text, "plan.asl.json")
    assert (found.code, found.level, found.where) == ("choice-without-default", "warning", "plan.asl.json:4:10")
    assert (found.message, found.fix) == ("Choice 'A' has no Default", "add a Default")
    assert found.explanation == RULES["choice-without-default"].explanation
    assert str(found.problem) == "plan.asl.json:4:10: Choice 'A' has no Default [choice-without-default] (add a Default)"


@pytest.mark.parametrize(
    ("definition", "code", "where"),
    [
        ('{"StartAt": 1', "invalid-json", "d:1:14"),
        (machine(A={"Type": "Pass", "Next": "B"}), "unknown-state", "d:1:59"),
        (machine(A={"Type": "Pass", "End": True}, B=END), "unreachable-state", "d:1:70"),
        (machine(A={"Type": "Pass", "Next": "A"}), "no-terminal-state", "d:1:1"),
        (machine(A={"Type": "Pass", "Parameters": {"x.$": "a"}}), "not-a-path", "d:1:73"),
        (machine(A={"Type": "Pass", "Speed": 1}), "invalid-definition", "d:1:60"),
        (machine(A={"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% 1 + %}"}), "invalid-jsonata", "d:1:89"),
    ],
)
def test_what_the_service_refuses_has_a_code_too(definition: Any, code: str, where: str) -> None:
    found = lint(definition if isinstance(definition, str) else json.dumps(definition), "d")[0]
    assert (found.code, found.level, found.where) == (code, "error", where)


CALLBACK = "arn:aws:states:::lambda:invoke.waitForTaskToken"


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (task(Catch=SAFE["Catch"]), ["task-without-retry"]),
        (task(Retry=SAFE["Retry"]), ["task-without-catch"]),
        (safe(Resource=CALLBACK, Parameters={"t.$": "$$.Task.Token"}), ["token-without-timeout"]),
        (safe(Resource=CALLBACK, TimeoutSeconds=9), ["token-not-passed"]),
        (safe(TimeoutSeconds=9, HeartbeatSeconds=9), ["heartbeat-not-shorter"]),
        (safe(TimeoutSeconds=9, HeartbeatSeconds=8), []),
        (safe(Retry=[{"ErrorEquals": ["States.Runtime"]}]), ["uncatchable-error"]),
        (safe(Retry=[{"ErrorEquals": ["A", "B"]}, {"ErrorEquals": ["A"]}]), ["unreachable-rule"]),
        (safe(Retry=[{"ErrorEquals": ["States.TaskFailed"]}, {"ErrorEquals": ["A"]}]), ["unreachable-rule"]),
        (safe(Retry=[{"ErrorEquals": ["States.TaskFailed"]}, {"ErrorEquals": ["States.Timeout"]}]), []),
        (safe(Retry=[{"ErrorEquals": ["States.TaskFailed"]}, {"ErrorEquals": ["States.ALL"]}]), []),
        (safe(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Z"}]), ["catch-replaces-input"]),
        (safe(Parameters={"id": "$.id"}), ["path-as-text"]),
        (safe(Parameters={"list": [{"id": "States.UUID()"}]}), ["path-as-text"]),
        (safe(Parameters={"id.$": "$.Execution.Id"}), ["context-with-one-dollar"]),
        (safe(Parameters={"id.$": "States.Format('{}', $.Task.Token)"}), ["context-with-one-dollar"]),
        (safe(Parameters={"id.$": "$$.Execution.Id"}), []),
        ({"Type": "Pass", "Result": {"id.$": "$.id"}, "Next": "Z"}, ["template-in-result"]),
        ({"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"id.$": "$.id"}, "Next": "Z"}, ["jsonpath-in-jsonata"]),
    ],
)
def test_a_state_is_looked_at_by_itself(state: dict[str, Any], found: list[str]) -> None:
    assert codes(machine(A={**state, "Next": "Z"}, Z=END)) == found


def test_errors_may_be_handled_by_the_states_around() -> None:
    inner = machine(Work=task())
    around = {"Type": "Map", "ItemProcessor": inner, **SAFE}
    assert codes(machine(Each={**around, "Next": "Z"}, Z=END)) == []
    assert codes(machine(Each={"Type": "Map", "ItemProcessor": inner})) == ["task-without-catch", "task-without-retry"]


def poll(**rule: Any) -> dict[str, Any]:
    return machine(
        Wait={"Type": "Wait", "Seconds": 5}, Ask=safe(), Done={"Type": "Choice", "Choices": [rule], "Default": "Wait"}, Z=END
    )


def test_a_loop_is_bounded_by_a_count_an_instant_or_the_machine() -> None:
    assert codes(poll(Variable="$.done", BooleanEquals=True, Next="Z")) == ["unbounded-loop"]
    assert codes(poll(Variable="$.round", NumericGreaterThan=9, Next="Z")) == []
    assert codes(poll(Variable="$$.State.EnteredTime", TimestampGreaterThanPath="$.until", Next="Z")) == []
    assert codes(within(poll(Variable="$.done", BooleanEquals=True, Next="Z"), TimeoutSeconds=60)) == []
    assert codes(poll(Variable="$.done", BooleanEquals=True, Next="Z"), is_express=True) == []


def test_a_loop_inside_of_a_map_is_found_at_its_wait() -> None:
    inner = poll(Variable="$.done", BooleanEquals=True, Next="Z")
    definition = machine(Each={"Type": "Map", "ItemProcessor": inner})
    assert messages(definition) == [
        "the loop through 'Wait' has no bound: an execution may go round it until its history is full"
    ]


def test_a_loop_that_nothing_leads_out_of_is_found() -> None:
    rule = {"Variable": "$.a", "IsNull": True, "Next": "Z"}
    definition = machine(
        A={"Type": "Choice", "Choices": [rule], "Default": "B"}, B={"Type": "Pass"}, C={"Type": "Pass", "Next": "B"}, Z=END
    )
    assert messages(definition) == ["no transition leads out of the loop through 'B'"]


def test_limits_inside_must_be_shorter_than_the_machines() -> None:
    assert codes(within(machine(A=safe(TimeoutSeconds=60, Next="Z"), Z=END), TimeoutSeconds=60)) == ["timeout-unreachable"]
    assert codes(within(machine(A={"Type": "Wait", "Seconds": 90}), TimeoutSeconds=60)) == ["timeout-unreachable"]
    assert codes(machine(A={"Type": "Wait", "Seconds": 301}), is_express=True) == ["timeout-unreachable"]
    retried = safe(TimeoutSeconds=50, Retry=[{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 2}], Next="Z")
    definition = within(machine(A=retried, Z=END), TimeoutSeconds=152)
    assert messages(definition) == ["the attempts of 'A' may take 153 s, but the whole execution ends after 152 s"]
    assert codes(within(definition, TimeoutSeconds=153)) == []


def test_a_time_limit_that_is_not_retried_counts_once() -> None:
    retry = [{"ErrorEquals": ["Busy"], "MaxAttempts": 8}]
    assert codes({"TimeoutSeconds": 4_000, **machine(Work=safe(TimeoutSeconds=1_000, Retry=retry), Z=END)}) == []
    timed = [{"ErrorEquals": ["Busy", "States.Timeout"], "MaxAttempts": 8}]
    found = codes({"TimeoutSeconds": 4_000, **machine(Work=safe(TimeoutSeconds=1_000, Retry=timed), Z=END)})
    assert found == ["timeout-shorter-than-retries"]


def choosing(**before: Any) -> dict[str, Any]:
    """A state, and a Choice behind it that reads `$.job.status`."""
    rule = {"Variable": "$.job.status", "StringEquals": "DONE", "Next": "Z"}
    return machine(A={**before, "Next": "Read"}, Read={"Type": "Choice", "Choices": [rule], "Default": "Z"}, Z=END)


@pytest.mark.parametrize(
    "state",
    [
        safe(ResultSelector={"state.$": "$.s"}),
        safe(ResultSelector={"x.$": "$.s"}, ResultPath="$.job", OutputPath="$.job", Catch=[]),
        {"Type": "Pass", "Parameters": {"job": {"id.$": "$.id"}}},
        {"Type": "Pass", "Result": {"jobs": []}},
        {"Type": "Pass", "OutputPath": None},
        {"Type": "Wait", "Seconds": 1, "InputPath": None},
        {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"id": "{% 1 %}"}},
    ],
)
def test_a_choice_that_reads_what_was_dropped_is_found(state: dict[str, Any]) -> None:
    assert messages(choosing(**state)) == ["Choice 'Read' reads '$.job.status', which 'A' does not pass on"]


@pytest.mark.parametrize(
    "state",
    [
        safe(),
        safe(ResultSelector={"status.$": "$.s"}, ResultPath="$.job"),
        safe(ResultPath=None),
        {"Type": "Pass", "Parameters": {"job.$": "$.found"}},
        {"Type": "Pass", "Parameters": {"job": {"status.$": "$.s"}}},
        {"Type": "Pass", "Parameters": {"a": {"job": {"status": "X"}}}, "OutputPath": "$.a"},
        {"Type": "Pass", "Parameters": {"job.$": "$$.Execution.Input"}},
        {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input %}"},
    ],
)
def test_what_may_be_there_is_not_reported(state: dict[str, Any]) -> None:
    assert codes(choosing(**state)) == []


def test_a_field_whose_presence_is_asked_for_may_be_missing() -> None:
    asked = {
        "And": [{"Variable": "$.job", "IsPresent": True}, {"Variable": "$.job.status", "StringEquals": "X"}],
        "Next": "Z",
    }
    choice = {"Type": "Choice", "Choices": [asked], "Default": "Z"}
    assert codes(machine(A={"Type": "Pass", "Result": {"a": 1}}, Read=choice, Z=END)) == []


def test_a_catcher_that_drops_the_input_is_found_where_it_is_missed() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Report"}]
    definition = machine(
        Work=safe(Catch=catch, Next="Z"), Report=safe(Parameters={"id.$": "$.executionId"}, ResultPath="$.r"), Z=END
    )
    assert codes(definition) == ["catch-replaces-input", "dropped-field"]
    assert messages(definition)[1] == ("Task 'Report' reads '$.executionId', which 'Work' does not pass on")


def test_an_item_selector_says_what_the_iterations_have() -> None:
    wait = {"Type": "Wait", "SecondsPath": "$.seconds"}
    each = {"Type": "Map", "ItemSelector": {"id.$": "$$.Map.Item.Value"}, "ItemProcessor": machine(Pause=wait)}
    assert messages(machine(Each=each)) == ["Wait 'Pause' reads '$.seconds', which the state around it does not pass on"]


def test_a_loop_that_nests_its_own_document_is_followed_to_an_end() -> None:
    rule = {"Variable": "$.n", "NumericLessThan": 3, "Next": "A"}
    definition = machine(
        Start={"Type": "Pass", "Result": {"n": 1}}, A={"Type": "Pass", "Parameters": {"n": 1, "old.$": "$"}},
        Again={"Type": "Choice", "Choices": [rule], "Default": "Z"}, Z=END,
    )  # fmt: skip
    assert codes(definition) == []


def test_a_thousand_states_are_linted_in_no_time() -> None:
    chain = {f"S{number}": {"Type": "Pass", "Parameters": {"n.$": "$"}} for number in range(1_000)}
    assert codes(machine(**chain, Z=END)) == []


WAVES = machine(
    Begin=safe(ResultSelector={"id.$": "$.Payload.id", "waves.$": "$.Payload.waves"}),
    Waves={
        "Type": "Map", "ItemsPath": "$.waves", "ItemSelector": {"id.$": "$.id", "wave.$": "$$.Map.Item.Value"},
        "ItemProcessor": machine(
            Start=task(ResultSelector={"job.$": "$.Payload.job"}, ResultPath="$.started"),
            Pause={"Type": "Wait", "Seconds": 30},
            Ask=task(
                Parameters={"id.$": "$.id", "job.$": "$.started.job"}, ResultSelector={"is.$": "$.is"}, ResultPath="$.poll"
            ),
            Ended={
                "Type": "Choice", "Default": "Pause",
                "Choices": [{"Variable": "$.poll.is", "StringEquals": "LAUNCHED", "Next": "Good"}],
            },
            Good=END,
        ),
        **SAFE,
    },
    Z=END,
) | {"TimeoutSeconds": 3600}  # fmt: skip


def test_mistakes_planted_in_a_plan_of_waves_are_found() -> None:
    assert codes(WAVES) == []
    plan = json.loads(json.dumps(WAVES))
    waves = plan["States"]["Waves"]
    waves["ItemSelector"]["wave.$"] = "$.Map.Item.Value"
    waves["ItemProcessor"]["States"]["Start"]["OutputPath"] = "$.started"
    waves["ItemProcessor"]["States"]["Ask"]["ResultSelector"] = {"status.$": "$.is"}
    waves["Catch"][0].pop("ResultPath")
    plan.pop("TimeoutSeconds")
    assert messages(plan) == [
        "'$.Map.Item.Value' reads the input, where the context object seems to be meant",
        "Map 'Waves' reads '$.Map.Item.Value', which 'Begin' does not pass on",
        "the loop through 'Pause' has no bound: an execution may go round it until its history is full",
        "Task 'Ask' reads '$.id', which 'Start' does not pass on",
        "Task 'Ask' reads '$.started.job', which 'Start' does not pass on",
        "Choice 'Ended' reads '$.poll.is', which 'Ask' does not pass on",
        "the error replaces the whole input of 'Z'",
    ]
