"""AWS::ApiGateway: REST APIs whose OpenAPI document stands in the template, and their stages."""

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.account.cloudformation.kinds import Asked, Kind, Made

_INTEGRATION = "x-amazon-apigateway-integration"
_RESPONSES = "x-amazon-apigateway-gateway-responses"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method")


def _create(asked: Asked) -> Made:
    given = asked.properties
    body = given.get("Body") or {}
    gateway = asked.client("apigateway")
    name = given.get("Name") or body.get("info", {}).get("title") or asked.name
    api = gateway.create_rest_api(name=name, description=given.get("Description", ""))
    for path, method, operation in _operations(body):
        _add(gateway, api["id"], path, method, operation)
    _answer_with(gateway, api["id"], body)
    root = next(one["id"] for one in gateway.get_resources(restApiId=api["id"])["items"] if one["path"] == "/")
    return Made(api["id"], {"RestApiId": api["id"], "RootResourceId": root})


def _update(asked: Asked, before: Made) -> Made:
    """The document as it is now, in place of the one before."""
    gateway = asked.client("apigateway")
    for resource in _resources(gateway, before.id):
        if resource["path"].count("/") == 1 and resource["path"] != "/":
            gateway.delete_resource(restApiId=before.id, resourceId=resource["id"])
    for path, method, operation in _operations(asked.properties.get("Body") or {}):
        _add(gateway, before.id, path, method, operation)
    _answer_with(gateway, before.id, asked.properties.get("Body") or {})
    return before


def _answer_with(gateway: Any, api: str, body: Mapping[str, Any]) -> None:
    """Let the API's own answers be those that the document has for them, and no others."""
    told = body.get(_RESPONSES) or {}
    for one in gateway.get_gateway_responses(restApiId=api)["items"]:
        gateway.delete_gateway_response(restApiId=api, responseType=one["responseType"])
    for kind, response in told.items():
        members = ("statusCode", "responseParameters", "responseTemplates")
        given = {name: response[name] for name in members if name in response}
        gateway.put_gateway_response(restApiId=api, responseType=kind, **given)


def _operations(body: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in (body.get("paths") or {}).items():
        for method, operation in methods.items():
            if method in _METHODS:
                yield path, "ANY" if method.startswith("x-") else method.upper(), operation


def _add(gateway: Any, api: str, path: str, method: str, operation: Mapping[str, Any]) -> None:
    where = {"restApiId": api, "resourceId": _resource(gateway, api, path), "httpMethod": method}
    is_open = not operation.get("security")
    gateway.put_method(**where, authorizationType="NONE" if is_open else "AWS_IAM")
    integration = operation.get(_INTEGRATION)
    if integration:
        gateway.put_integration(
            **where,
            type=integration["type"].upper(),
            integrationHttpMethod=integration.get("httpMethod", "POST"),
            uri=integration["uri"],
        )


def _resource(gateway: Any, api: str, path: str) -> str:
    """The id of the resource with this path, made with those above it if need be."""
    known: dict[str, str] = {resource["path"]: resource["id"] for resource in _resources(gateway, api)}
    parent, so_far = known["/"], ""
    for part in filter(None, path.split("/")):
        so_far += f"/{part}"
        if so_far not in known:
            known[so_far] = gateway.create_resource(restApiId=api, parentId=parent, pathPart=part)["id"]
        parent = known[so_far]
    return parent


def _resources(gateway: Any, api: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gateway.get_resources(restApiId=api)["items"]
    return found


def _deployment(asked: Asked) -> Made:
    given = asked.properties
    staged = {"stageName": given["StageName"]} if "StageName" in given else {}
    made = asked.client("apigateway").create_deployment(restApiId=given["RestApiId"], **staged)
    return Made(made["id"], {"DeploymentId": made["id"]})


def _undeploy(asked: Asked, deployment: str) -> None:
    asked.client("apigateway").delete_deployment(restApiId=asked.properties["RestApiId"], deploymentId=deployment)


def _stage(asked: Asked) -> Made:
    given = asked.properties
    asked.client("apigateway").create_stage(
        restApiId=given["RestApiId"], stageName=given["StageName"], deploymentId=given["DeploymentId"]
    )
    return Made(given["StageName"])


def _unstage(asked: Asked, name: str) -> None:
    asked.client("apigateway").delete_stage(restApiId=asked.properties["RestApiId"], stageName=name)


KINDS = (
    Kind(
        "AWS::ApiGateway::RestApi",
        _create,
        lambda asked, api: asked.client("apigateway").delete_rest_api(restApiId=api),
        "",
        _update,
    ),
    Kind("AWS::ApiGateway::Deployment", _deployment, _undeploy, "", lambda _, before: before),
    Kind("AWS::ApiGateway::Stage", _stage, _unstage, "StageName", lambda _, before: before),
)
