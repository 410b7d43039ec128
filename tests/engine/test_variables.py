"""Variables: their scopes, their names, and how much they hold."""

import json
from typing import Any

import pytest

from simulator.engine.definition import find_problems
from simulator.engine.variables import MAX_TOTAL_BYTES
from tests.engine.world import World, machine, task

SET = {"Type": "Pass", "Assign": {"x": 1}}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}


def inside(kind: str, state: Any) -> dict[str, Any]:
    inner = machine(Inner=state)
    if kind == "Parallel":
        return {"Type": "Parallel", "Branches": [inner]}
    return {"Type": "Map", "ItemProcessor": inner | (DISTRIBUTED if kind == "Distributed" else {})}


@pytest.mark.parametrize(("kind", "way"), [("Parallel", "Branches[0]"), ("Map", "ItemProcessor")])
def test_an_inner_state_cannot_assign_an_outer_variable(kind: str, way: str) -> None:
    (problem,) = find_problems(json.dumps(machine(Set=SET, Around=inside(kind, SET))))
    complaint = "Variable 'x' is already assigned in an outer scope"
    assert problem.message == f"SCHEMA_VALIDATION_FAILED: {complaint} at /States/Around/{way}/States/Inner/Assign/x"


@pytest.mark.parametrize("owner", ["Catch", "Choices"])
def test_rules_assign_variables_too(owner: str) -> None:
    rule = {"Next": "Last", "Assign": {"x.$": "$"}}
    match owner:
        case "Catch":
            state = task(Catch=[{"ErrorEquals": ["States.ALL"], **rule}], End=True)
        case _:
            state = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsPresent": True, **rule}], "Default": "Last"}
    branch = {"StartAt": "Rule", "States": {"Rule": state, "Last": {"Type": "Succeed"}}}
    definition = machine(Set=SET, Around={"Type": "Parallel", "Branches": [branch]})
    (problem,) = find_problems(json.dumps(definition))
    assert problem.message.endswith(f"/States/Rule/{owner}[0]/Assign/x.$")


def test_a_distributed_maps_processor_and_a_sibling_branch_use_names_anew() -> None:
    assert find_problems(json.dumps(machine(Set=SET, Around=inside("Distributed", SET)))) == []
    beside = machine(Around={"Type": "Parallel", "Branches": [machine(A=SET), machine(B=SET)]})
    assert find_problems(json.dumps(beside)) == []


def test_what_an_iteration_assigns_is_gone_after_the_map() -> None:
    inner = machine(Set={"Type": "Pass", "Assign": {"mine.$": "$"}}, Read={"Type": "Pass", "Parameters": {"v.$": "$mine"}})
    around = {"Type": "Map", "ItemProcessor": inner, "ResultPath": "$.seen"}
    world = World()
    execution = world.run(machine(Around={**around, "ItemsPath": "$.items"}), {"items": [1, 2]})
    assert json.loads(execution.output or "")["seen"] == [{"v": 1}, {"v": 2}]
    after = machine(Around={**around, "ItemsPath": "$.items"}, After={"Type": "Pass", "Parameters": {"v.$": "$mine"}})
    assert world.run(after, {"items": [1]}).status == "FAILED"


def test_variables_hold_ten_mebibytes_together() -> None:
    size = 200_000
    count = MAX_TOTAL_BYTES // size + 1
    states = {f"Set{n}": {"Type": "Pass", "Assign": {f"v{n}.$": "$.text"}} for n in range(count)}
    execution = World().run(machine(**states), {"text": "x" * size})
    assert (execution.status, execution.error) == ("FAILED", "States.DataLimitExceeded")
    states.popitem()
    assert World().run(machine(**states), {"text": "x" * size}).status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("rules", "complaint"),
    [
        ([["States.ALL", "Busy"]], "must be the only element of ErrorEquals at /States/Work/Retry[0]/ErrorEquals"),
        ([["States.ALL"], ["Busy"]], "can only be used in the last rule at /States/Work/Retry[0]/ErrorEquals"),
    ],
)
def test_the_wildcard_stands_alone_and_last(rules: list[list[str]], complaint: str) -> None:
    retry = [{"ErrorEquals": names} for names in rules]
    (problem,) = find_problems(json.dumps(machine(Work=task(Retry=retry))))
    assert problem.message == f"SCHEMA_VALIDATION_FAILED: 'States.ALL' {complaint}"


def test_a_standard_execution_lasts_at_most_a_year() -> None:
    world = World()
    execution = world.run(machine(Hold={"Type": "Wait", "Seconds": 99_999_999}))
    assert (execution.status, execution.ended_ms) == ("TIMED_OUT", 365 * 24 * 3600 * 1000)


@pytest.mark.parametrize("name", ["states", "1st", "a-b", "", "a" * 81, "a b"])
def test_a_variable_s_name_is_an_identifier(name: str) -> None:
    definition = machine(Set={"Type": "Pass", "Assign": {name: 1}})
    (problem,) = find_problems(json.dumps(definition))
    assert problem.message == (
        f"SCHEMA_VALIDATION_FAILED: '{name}' is not a valid variable name at /States/Set/Assign/{name}"
    )


@pytest.mark.parametrize("name", ["_a1", "größe", "名前", "a" * 80])
def test_a_variable_of_any_script_can_be_read_in_both_languages(name: str) -> None:
    read = {"Type": "Pass", "Parameters": {"path.$": f"${name}.x"}}
    ask = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Output": {"was": "{% $states.input %}", "is": "{% $" + name + ".x %}"},
    }
    execution = World().run(machine(Set={"Type": "Pass", "Assign": {name: {"x": 7}}}, Read=read, Ask=ask))
    assert json.loads(execution.output or "null") == {"was": {"path": 7}, "is": 7}
