"""Makes a stack of the simulated account as a client would, and tells what it consists of."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from simulator.account import moto_services
from simulator.account.cloudformation.template_checks import check_parameters
from simulator.account.functions import SimulatorBug
from simulator.account.place import Place
from simulator.errors import MotoCrash, ServiceError, bug_told

INERT: set[str] = set()
"""The kinds of resource that stacks have asked for and nothing here makes; filled while stacks are made."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a stack: its CloudFormation type and its physical id."""

    type: str
    id: str

    @property
    def is_inert(self) -> bool:
        """Whether it is a name only."""
        return self.type in INERT


def put_objects(place: Place, bucket: str, objects: Mapping[str, bytes]) -> None:
    """Make a bucket with these objects."""
    s3 = moto_services.client("s3", place.region, place.account_id)
    where = {} if place.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": place.region}}
    s3.create_bucket(Bucket=bucket, **where)
    for key, data in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=data)


def make_stack(place: Place, name: str, template: str, parameters: Mapping[str, str]) -> Mapping[str, Resource]:
    """Make a stack of a template in JSON; its resources by their logical ids.

    Those of nested stacks follow the nested stack's: `Api.Function`. Raises ServiceError with CloudFormation's reason if
    it cannot be made.
    """
    client = moto_services.client("cloudformation", place.region, place.account_id)
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    check_parameters(json.loads(template), parameters)
    try:
        client.create_stack(StackName=name, TemplateBody=template, Parameters=given, Capabilities=["CAPABILITY_NAMED_IAM"])
    except ClientError as refusal:
        error = refusal.response["Error"]
        raise ServiceError(error["Code"], error["Message"]) from refusal
    except SimulatorBug as bug:  # moto does not expect everything that a template can say
        if not isinstance(bug.__cause__, MotoCrash):
            raise bug.__cause__ or bug from None
        message = f"the simulated CloudFormation cannot make it ({bug_told(bug.__cause__)})"
        raise ServiceError("InternalFailure", message) from bug.__cause__
    return dict(_resources(place, name, ""))


def _resources(place: Place, stack: str, prefix: str) -> Iterator[tuple[str, Resource]]:
    client = moto_services.client("cloudformation", place.region, place.account_id)
    for one in client.describe_stack_resources(StackName=stack)["StackResources"]:
        resource = Resource(one["ResourceType"], one.get("PhysicalResourceId", ""))
        yield f"{prefix}{one['LogicalResourceId']}", resource
        if resource.type == "AWS::CloudFormation::Stack":
            yield from _resources(place, resource.id, f"{prefix}{one['LogicalResourceId']}.")
