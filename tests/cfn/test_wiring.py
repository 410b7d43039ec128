"""The templates deploy what the scenarios run: the same handlers, environment, tables, placeholders, rules and requests."""

import json
import re
from hashlib import sha256
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
POOL = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_Ab1Cd2Ef3"
DEFAULTS = {
    "ApiFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:api",
    "Authorization": "IAM",
    "ApiLogRole": "PRESENT",
    "LogRetentionDays": "365",
    "ReadScopes": "",
    "OperateScopes": "",
}


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
        "Users": "users",
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
    for (_, method), one in operations.items():
        scopes = "ReadScopes" if method == "get" else "OperateScopes"
        asked = {"cognito": {"Fn::If": [f"Has{scopes}", {"Ref": scopes}, []]}}
        assert one["security"] == {"Fn::If": ["UsesCognito", [asked], [{"sigv4": []}]]}


def test_a_changed_api_is_deployed_anew() -> None:
    """A stage shows the API as it was when its deployment was made, and only one of another name is made anew."""
    document = template("api")
    body = json.dumps(document["Resources"]["Api"]["Properties"]["Body"], sort_keys=True)
    digest = sha256(body.encode()).hexdigest()[:8]
    assert set(of_type(document, "AWS::ApiGateway::Deployment")) == {f"DeploymentIam{digest}", f"DeploymentCognito{digest}"}
    assert document["Resources"]["Stage"]["Properties"]["DeploymentId"] == {
        "Fn::If": ["UsesCognito", {"Ref": f"DeploymentCognito{digest}"}, {"Ref": f"DeploymentIam{digest}"}]
    }


@pytest.mark.parametrize(
    ("given", "asked", "pools"),
    [
        ({"Authorization": "IAM"}, ("AWS_IAM", []), []),
        ({"Authorization": "COGNITO"}, ("COGNITO_USER_POOLS", []), [POOL]),
        ({"Authorization": "COGNITO", "OperateScopes": "recovery/operate,recovery/all"},
         ("COGNITO_USER_POOLS", ["recovery/operate", "recovery/all"]), [POOL]),
    ],
    ids=["IAM", "Cognito", "Cognito with scopes"],
)  # fmt: skip
def test_the_deployed_api_asks_who_it_is_as_the_parameters_say(
    given: dict[str, str], asked: tuple[str, list[str]], pools: list[str]
) -> None:
    with cloud() as there:
        made = there.create(json.dumps(api_alone()), UserPoolArn=POOL, **given)
        gateway = there.client("apigateway")
        resources = gateway.get_resources(restApiId=made["Id"], limit=500)["items"]
        authorizers = gateway.get_authorizers(restApiId=made["Id"])["items"]
    methods = [(kind, one) for resource in resources for kind, one in resource.get("resourceMethods", {}).items()]
    assert len(methods) == 14
    for kind, one in methods:
        assert one["authorizationType"] == asked[0]
        assert (one.get("authorizationScopes") or []) == (asked[1] if kind == "POST" else [])
        assert ("authorizerId" in one) is bool(pools)
    assert [one["providerARNs"] for one in authorizers] == [pools for _ in pools]


def test_an_update_brings_the_stage_another_authorization() -> None:
    with cloud() as there:
        api = there.create(json.dumps(api_alone()), UserPoolArn=POOL)["Id"]
        gateway = there.client("apigateway")
        before = gateway.get_stage(restApiId=api, stageName="v1")["deploymentId"]
        changed = there.change(json.dumps(api_alone()), "UPDATE", UserPoolArn=POOL, Authorization="COGNITO")
        after = gateway.get_stage(restApiId=api, stageName="v1")["deploymentId"]
        deployments = [one["id"] for one in gateway.get_deployments(restApiId=api)["items"]]
        resources = gateway.get_resources(restApiId=api, limit=500)["items"]
    kinds = {one["authorizationType"] for resource in resources for one in resource.get("resourceMethods", {}).values()}
    assert [(action, name[:-8]) for action, name in changed if "Deployment" in name] == [
        ("Add", "DeploymentCognito"),
        ("Remove", "DeploymentIam"),
    ]
    assert (after != before, deployments, kinds) == (True, [after], {"COGNITO_USER_POOLS"})


def test_what_is_made_first_and_fails_leaves_nothing_that_keeps_the_next_from_being_made() -> None:
    """CloudFormation keeps what has to be kept, but for what a creation that failed has made."""
    kept = {
        (path.stem, name): one["DeletionPolicy"]
        for path in CFN.glob("*.yaml")
        for name, one in template(path.stem)["Resources"].items()
        if "DeletionPolicy" in one
    }
    assert len(kept) > 12
    assert set(kept.values()) == {"RetainExceptOnCreate"}


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


def api_alone() -> dict[str, Any]:
    """The API's template with what its document needs, callable by anybody whom it lets in."""
    document = template("api")
    kept = ("Api", "Stage", *of_type(document, "AWS::ApiGateway::Deployment"))
    resources = {name: dict(document["Resources"][name]) for name in kept}
    stage = resources["Stage"]["Properties"]
    resources["Stage"]["Properties"] = {name: stage[name] for name in ("RestApiId", "DeploymentId", "StageName")}
    for name in kept[2:]:
        resources[name].pop("DependsOn")
    parameters = {name: one | {"Default": DEFAULTS.get(name, "x")} for name, one in document["Parameters"].items()}
    return {
        "Parameters": parameters,
        "Conditions": document["Conditions"],
        "Resources": resources,
        "Outputs": {"Id": {"Value": {"Ref": "Api"}}},
    }


def test_a_path_that_the_deployed_api_does_not_have_is_a_problem_document() -> None:
    with cloud() as there:
        made = there.create(json.dumps(api_alone()))
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
