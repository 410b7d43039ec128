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
    _fill(gateway, api["id"], body)
    root = next(one["id"] for one in gateway.get_resources(restApiId=api["id"])["items"] if one["path"] == "/")
    return Made(api["id"], {"RestApiId": api["id"], "RootResourceId": root})


def _update(asked: Asked, before: Made) -> Made:
    """The document as it is now, in place of the one before."""
    gateway = asked.client("apigateway")
    for resource in sorted(
        _resources(gateway, before.id), key=lambda one: str(one["path"]), reverse=True
    ):  # inner ones first
        if resource["path"] != "/":
            gateway.delete_resource(restApiId=before.id, resourceId=resource["id"])
    for one in gateway.get_authorizers(restApiId=before.id)["items"]:
        gateway.delete_authorizer(restApiId=before.id, authorizerId=one["id"])
    _fill(gateway, before.id, asked.properties.get("Body") or {})
    return before


def _fill(gateway: Any, api: str, body: Mapping[str, Any]) -> None:
    authorizers = _authorizers(gateway, api, body)
    for path, method, operation in _operations(body):
        _add(gateway, api, path, method, operation, authorizers)
    _answer_with(gateway, api, body)


def _authorizers(gateway: Any, api: str, body: Mapping[str, Any]) -> Mapping[str, str]:
    """The ids of the authorizers with user pools that a document has, by the names of their security schemes."""
    made = {}
    for name, scheme in (body.get("components", {}).get("securitySchemes") or {}).items():
        authorizer = scheme.get("x-amazon-apigateway-authorizer", {})
        if authorizer.get("type") == "cognito_user_pools":
            one = gateway.create_authorizer(
                restApiId=api,
                name=name,
                type="COGNITO_USER_POOLS",
                providerARNs=authorizer["providerARNs"],
                identitySource=f"method.request.header.{scheme['name']}",
            )
            made[name] = one["id"]
    return made


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


def _add(
    gateway: Any, api: str, path: str, method: str, operation: Mapping[str, Any], authorizers: Mapping[str, str]
) -> None:
    where = {"restApiId": api, "resourceId": _resource(gateway, api, path), "httpMethod": method}
    gateway.put_method(**where, **_authorization(operation.get("security"), authorizers))
    integration = operation.get(_INTEGRATION)
    if integration:
        gateway.put_integration(
            **where,
            type=integration["type"].upper(),
            integrationHttpMethod=integration.get("httpMethod", "POST"),
            uri=integration["uri"],
        )


def _authorization(security: list[Mapping[str, list[str]]] | None, authorizers: Mapping[str, str]) -> dict[str, Any]:
    """What a method asks of its caller: nothing, a token of a user pool, or (any other scheme) a signature."""
    if not security:
        return {"authorizationType": "NONE"}
    for name, scopes in security[0].items():
        if name in authorizers:
            asked = {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": authorizers[name]}
            return asked | ({"authorizationScopes": scopes} if scopes else {})
    return {"authorizationType": "AWS_IAM"}


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


def _restage(asked: Asked, before: Made) -> Made:
    """The stage with another deployment."""
    given = asked.properties
    deployment = {"op": "replace", "path": "/deploymentId", "value": given["DeploymentId"]}
    asked.client("apigateway").update_stage(restApiId=given["RestApiId"], stageName=before.id, patchOperations=[deployment])
    return before


def _unstage(asked: Asked, name: str) -> None:
    asked.client("apigateway").delete_stage(restApiId=asked.properties["RestApiId"], stageName=name)


def _account(asked: Asked) -> Made:
    """The settings of the whole account, which stay when the resource goes, as in AWS."""
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": asked.properties.get("CloudWatchRoleArn", "")}
    asked.client("apigateway").update_account(patchOperations=[role])
    return Made(asked.name)


KINDS = (
    Kind("AWS::ApiGateway::Account", _account, lambda _asked, _id: None, "", lambda asked, _: _account(asked)),
    Kind(
        "AWS::ApiGateway::RestApi",
        _create,
        lambda asked, api: asked.client("apigateway").delete_rest_api(restApiId=api),
        "",
        _update,
    ),
    Kind("AWS::ApiGateway::Deployment", _deployment, _undeploy, "", lambda _, before: before),
    Kind("AWS::ApiGateway::Stage", _stage, _unstage, "StageName", _restage),
)
