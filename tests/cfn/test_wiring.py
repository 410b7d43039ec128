"""The templates deploy what the scenarios run: the same handlers, environment, tables, placeholders, rules and requests."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestration.operators import OPERATIONS, WAVE_OPERATIONS
from simulator.account.gateway import Refusal, rest_route
from simulator.account.world import ACCOUNT_ID
from simulator.scenario.bundled import bundled_system
from tests.account.cloudformation.stacks import REGION, cloud
from tests.cfn.templates import CFN, of_type, template

ROOT = Path(__file__).parents[2]
SYSTEM = bundled_system()
FUNCTIONS = template("functions")


def test_every_stack_has_its_template_and_gets_the_parameters_it_needs() -> None:
    root = template("root")
    stacks = of_type(root, "AWS::CloudFormation::Stack")
    nested = {}
    for stack in stacks.values():
        named = re.search(r"\}(\w+)\.yaml$", stack["TemplateURL"]["Fn::Sub"])
        assert named is not None
        nested[named[1]] = stack.get("Parameters", {})
    assert {path.stem for path in CFN.glob("*.yaml")} == {"root", *nested}
    for name, given in nested.items():
        declared = template(name).get("Parameters", {})
        assert set(given) == {parameter for parameter, one in declared.items() if "Default" not in one}


def test_outputs_that_stacks_take_from_each_other_exist() -> None:
    text = (CFN / "root.yaml").read_text("utf-8")
    names = {
        "Storage": "storage",
        "Functions": "functions",
        "StateMachine": "machine",
        "Api": "api",
        "Monitoring": "monitoring",
    }
    taken = re.findall(r"!GetAtt (\w+)\.Outputs\.(\w+)", text)
    assert len(taken) > 10
    assert [output for stack, output in taken if output not in template(names[stack])["Outputs"]] == []


def handlers() -> dict[str, str]:
    functions = of_type(FUNCTIONS, "AWS::Lambda::Function")
    kinds = FUNCTIONS["Mappings"]["Function"]
    return {name: kinds[one["Handler"]["Fn::FindInMap"][1]]["Handler"] for name, one in functions.items()}


def test_the_functions_are_those_of_the_scenarios() -> None:
    expected = {}
    for placeholder, handler in SYSTEM.handlers.items():
        module = handler.code.file.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        expected[placeholder.removeprefix("${").removesuffix("Arn}")] = f"{module}.{handler.code.function}"
    assert handlers() == expected


def test_they_have_the_time_and_memory_that_the_scenarios_give_them() -> None:
    kinds = FUNCTIONS["Mappings"]["Function"]
    for placeholder, handler in SYSTEM.handlers.items():
        kind = placeholder.removeprefix("${").removesuffix("FunctionArn}")
        assert (kinds[kind]["Timeout"] * 1000, kinds[kind]["Memory"]) == (handler.timeout_ms, handler.memory_mb)


def test_every_function_finds_in_its_environment_what_the_code_reads() -> None:
    read = {
        name
        for path in (ROOT / "orchestration").glob("*.py")
        for name in re.findall(r'os\.environ\["(\w+)"\]', path.read_text("utf-8"))
    }
    for name, function in of_type(FUNCTIONS, "AWS::Lambda::Function").items():
        environment = function.get("Environment", {"Variables": {}})
        assert set(environment["Variables"]) == (set() if name == "ProbeFunction" else read)  # it asks, and keeps nothing
    assert read <= set(SYSTEM.environment)


def test_the_tables_have_the_keys_that_the_scenarios_give_them() -> None:
    tables = of_type(template("storage"), "AWS::DynamoDB::Table")
    keys = {name: tuple(key["AttributeName"] for key in one["KeySchema"]) for name, one in tables.items()}
    assert keys == {f"{name.capitalize()}Table": table.key for name, table in SYSTEM.tables.items()}


@pytest.mark.parametrize("table", of_type(template("storage"), "AWS::DynamoDB::Table").values())
def test_what_is_recorded_survives(table: dict[str, Any]) -> None:
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}


def test_the_definition_gets_everything_it_refers_to() -> None:
    (machine,) = of_type(template("machine"), "AWS::StepFunctions::StateMachine").values()
    text = (ROOT / "asl/recovery_plan.asl.json").read_text("utf-8")
    assert set(machine["DefinitionSubstitutions"]) == set(re.findall(r"\$\{(\w+)\}", text))


def test_the_rules_are_those_of_the_scenarios() -> None:
    rules = [one["EventPattern"] for one in of_type(FUNCTIONS, "AWS::Events::Rule").values()]
    expected = json.loads(json.dumps([rule.pattern for rule in SYSTEM.rules]).replace('"${StateMachineArn}"', "null"))
    assert json.loads(json.dumps(rules).replace('{"Ref": "StateMachineArn"}', "null")) == expected


def test_the_api_has_every_request_and_each_asks_who_it_is() -> None:
    body = of_type(template("api"), "AWS::ApiGateway::RestApi")["Api"]["Body"]
    operations = {(path, method): one for path, methods in body["paths"].items() for method, one in methods.items()}
    wave = "/executions/{executionId}/waves/{wave}"
    assert set(operations) == {
        ("/executions", "post"),
        ("/executions", "get"),
        ("/executions/{executionId}", "get"),
        ("/executions/{executionId}/events", "get"),
        ("/executions/{executionId}/timeline", "get"),
        *((f"/executions/{{executionId}}/{name}", "post") for name in OPERATIONS),
        *((f"{wave}/{name}", "post") for name in WAVE_OPERATIONS),
    }
    assert all(one["security"] == [{"sigv4": []}] for one in operations.values())


def test_what_the_gateway_answers_itself_is_a_problem_document_with_its_status() -> None:
    body = of_type(template("api"), "AWS::ApiGateway::RestApi")["Api"]["Body"]
    responses = body["x-amazon-apigateway-gateway-responses"]
    assert {"BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "ACCESS_DENIED", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"} <= set(
        responses
    )
    for kind, one in responses.items():
        assert one["responseParameters"] == {"gatewayresponse.header.Content-Type": "'application/problem+json'"}
        told = json.loads(one["responseTemplates"]["application/json"].replace("$context.error.messageString", '"why"'))
        assert told["detail"] == "why"
        assert told["type"] == "/problems/" + told["title"].lower().replace(" ", "-")
        assert ("statusCode" in one) is not kind.startswith("DEFAULT_")
        assert str(told.get("status", "")) == one.get("statusCode", "")


def test_a_path_that_the_deployed_api_does_not_have_is_a_problem_document() -> None:
    document = template("api")
    given = {name: {"Type": "String", "Default": "x"} for name in document["Parameters"]}
    api = {
        "Parameters": given,
        "Resources": {"Api": document["Resources"]["Api"]},
        "Outputs": {"Id": {"Value": {"Ref": "Api"}}},
    }
    with cloud() as there:
        made = there.create(json.dumps(api))
        place = there.world.at(ACCOUNT_ID, REGION)
        assert rest_route(place, made["Id"], "GET", "/nowhere") == Refusal(
            403,
            {
                "type": "/problems/not-signed-or-not-found",
                "title": "Not signed or not found",
                "status": 403,
                "detail": "Missing Authentication Token",
            },
        )
