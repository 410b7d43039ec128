"""AWS::IAM::Role: what moto leaves out when a stack makes one, its policies as IAM tells them and AWS's own policies."""

import json
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any


@cache
def managed_policies() -> Mapping[str, Any]:
    """AWS's own policies by name, as moto has them. A megabyte of JSON: read only where somebody names one."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415

    policies: Mapping[str, Any] = json.loads(aws_managed_policies_data)
    return policies


def making_whole(create: Callable[..., Any]) -> Callable[..., Any]:
    """A role's `create_from_cloudformation_json` after which the role has all of its policies."""

    @wraps(create)
    def made(resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **more: Any) -> Any:
        role = create(resource_name, cloudformation_json, account_id, region_name, **more)
        role.policies = {name: _text(document) for name, document in role.policies.items()}
        for arn in cloudformation_json["Properties"].get("ManagedPolicyArns", []):
            _attach(role, arn, account_id, region_name)
        return role

    return made


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _attach(role: Any, arn: str, account_id: str, region_name: str) -> None:
    from moto.iam.models import AWSManagedPolicy, iam_backends  # noqa: PLC0415
    from moto.utilities.utils import get_partition  # noqa: PLC0415

    backend = iam_backends[account_id][get_partition(region_name)]
    name = arn.rpartition("/")[2]
    if ":iam::aws:policy/" in arn and arn not in backend.managed_policies and name in managed_policies():
        policy = AWSManagedPolicy.from_data(name, account_id, region_name, managed_policies()[name])
        backend.managed_policies[arn] = policy
    if arn in backend.managed_policies:
        backend.attach_role_policy(arn, role.name)
