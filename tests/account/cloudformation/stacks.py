"""Stacks in a world of their own, for the tests of CloudFormation."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.settings import Settings

REGION = "us-east-1"
BUCKET = "artifacts"


@dataclass
class Cloud:
    """A world with a bucket, seen through boto3."""

    world: World

    def client(self, service: str) -> Any:
        return moto_services.client(service, REGION, ACCOUNT_ID)

    def put(self, key: str, data: str | bytes) -> None:
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=data)

    def create(self, template: str, name: str = "stack", **parameters: str) -> dict[str, Any]:
        """Make a stack; its outputs."""
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        self.client("cloudformation").create_stack(
            StackName=name, TemplateBody=template, Parameters=given, Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        return self.outputs(name)

    def change(self, template: str, kind: str, name: str = "stack", **parameters: str) -> list[tuple[str, str]]:
        """Make and execute a change set; (action, logical id) of its changes."""
        stacks = self.client("cloudformation")
        made = stacks.create_change_set(
            StackName=name,
            ChangeSetName=f"change-{len(stacks.list_change_sets(StackName=name)['Summaries']) if kind == 'UPDATE' else 0}",
            ChangeSetType=kind,
            TemplateBody=template,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        shown = stacks.describe_change_set(ChangeSetName=made["Id"])["Changes"]
        stacks.execute_change_set(ChangeSetName=made["Id"])
        return [(one["ResourceChange"]["Action"], one["ResourceChange"]["LogicalResourceId"]) for one in shown]

    def outputs(self, name: str = "stack") -> dict[str, Any]:
        (stack,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}

    def invoke(self, name: str, payload: Any = None) -> Any:
        """Run one invocation to its end; what it returned."""
        process = self.world.clock.spawn("test", lambda: self.world.functions.invoke(name, payload))
        self.world.clock.run()
        assert process.value.error_type is None, process.value
        return process.value.payload


@contextmanager
def cloud(seed: int = 1) -> Iterator[Cloud]:
    world = World(seed, datetime(2026, 3, 1, 2, tzinfo=UTC), REGION, Settings())
    with world.installed():
        made = Cloud(world)
        made.client("s3").create_bucket(Bucket=BUCKET)
        yield made


def zipped(**files: str) -> bytes:
    """A zip of modules: `index="..."` is index.py, `library__here` library/here.py."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, source in files.items():
            archive.writestr(f"{name.replace('__', '/')}.py", source)
    return buffer.getvalue()
