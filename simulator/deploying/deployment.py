"""One deployment: the package's files into a bucket, and a change set of the stack from them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from simulator.errors import Problem, UserError
from simulator.packaging.package import MANIFEST, ROOT, Manifest

POLL_SECONDS = 5.0
_MAX_POLLS = 2_880  # four hours; CloudFormation gives up on most resources long before
_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM")
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")

Say = Callable[[str], None]
Pause = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a package goes. `parameters` are those of the stack besides what drsim says; `endpoint` None is AWS."""

    stack: str
    bucket: str
    region: str | None = None
    endpoint: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


class Deployment:
    """A package on its way. `say` hears what happens, `pause` waits so many seconds of wall time."""

    def __init__(self, folder: Path, manifest: Manifest, target: Target, say: Say, pause: Pause) -> None:
        self._folder, self._manifest, self._target = folder, manifest, target
        self._say, self._pause = say, pause
        session = boto3.Session(region_name=target.region)
        with _refusals(target.stack):
            self._stacks: Any = session.client("cloudformation", endpoint_url=target.endpoint)
            self._s3: Any = session.client("s3", endpoint_url=target.endpoint)
        self.prefix = f"{target.stack}/{manifest.key}/"

    def rehearse(self) -> None:
        """Say what would be done, changing nothing. Raises UserError if it could not be."""
        with _refusals(self._target.stack):
            self._s3.head_bucket(Bucket=self._target.bucket)
            known = self._existing()
            self._say(f"would put into s3://{self._target.bucket}/{self.prefix}:")
            for name, size in self._files():
                self._say(f"  {name} ({size:,} bytes)")
            self._say(f"would {'update' if known else 'create'} the stack {self._target.stack} with these parameters:")
            for parameter in self._parameters(known):
                value = parameter.get("ParameterValue", "as it is")
                self._say(f"  {parameter['ParameterKey']}: {value}")

    def run(self) -> bool:
        """Deploy; whether the stack is as the package says. Raises UserError for what AWS refuses."""
        with _refusals(self._target.stack):
            self._upload()
            known = self._existing()
            change_set = self._change_set(known)
            if change_set is None:
                self._say(f"{self._target.stack} is already so: nothing to change")
                return True
            seen = self._event_ids() if known else set()
            self._stacks.execute_change_set(ChangeSetName=change_set)
            return self._follow(seen)

    def _files(self) -> list[tuple[str, int]]:
        names = [*sorted(self._manifest.files), MANIFEST]
        return [(name, (self._folder / name).stat().st_size) for name in names]

    def _upload(self) -> None:
        for name, _ in self._files():
            key = self.prefix + name
            data = (self._folder / name).read_bytes()
            self._s3.put_object(Bucket=self._target.bucket, Key=key, Body=data, ChecksumAlgorithm="SHA256")
            self._say(f"put s3://{self._target.bucket}/{key}")

    def _existing(self) -> Mapping[str, Any] | None:
        """The stack, if there is one. One that was only ever reviewed counts as none."""
        try:
            (stack,) = self._stacks.describe_stacks(StackName=self._target.stack)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        found: Mapping[str, Any] = stack
        return None if found["StackStatus"] == "REVIEW_IN_PROGRESS" else found

    def _parameters(self, known: Mapping[str, Any] | None) -> list[dict[str, Any]]:
        """What is said; what the stack has otherwise stays as it is."""
        given = {**self._target.parameters, "ArtifactBucket": self._target.bucket, "ArtifactPrefix": self.prefix}
        before = {one["ParameterKey"] for one in (known or {}).get("Parameters", [])}
        kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(before - set(given))]
        return [{"ParameterKey": name, "ParameterValue": value} for name, value in sorted(given.items())] + kept

    def _change_set(self, known: Mapping[str, Any] | None) -> str | None:
        """A change set that is ready to be executed; None if there is nothing to change."""
        made = self._stacks.create_change_set(
            StackName=self._target.stack,
            ChangeSetName=f"drsim-{self._manifest.key}",
            ChangeSetType="UPDATE" if known else "CREATE",
            TemplateURL=self._template_url(),
            Parameters=self._parameters(known),
            Capabilities=list(_CAPABILITIES),
            Tags=[{"Key": "drsim:package", "Value": self._manifest.key}],
        )
        name: str = made["Id"]
        for _ in self._polls():
            shown = self._stacks.describe_change_set(ChangeSetName=name, StackName=self._target.stack)
            if shown["Status"] in ("CREATE_COMPLETE", "FAILED"):
                break
        reason = shown.get("StatusReason", "")
        if shown["Status"] == "FAILED":
            self._stacks.delete_change_set(ChangeSetName=name, StackName=self._target.stack)
            if any(text in reason for text in _NO_CHANGES):
                return None
            raise UserError([Problem(self._target.stack, f"CloudFormation made no change set: {reason}")])
        for change in shown.get("Changes", []):
            one = change["ResourceChange"]
            self._say(f"{one['Action'].lower():7}{one['LogicalResourceId']} ({one['ResourceType']})")
        return name

    def _template_url(self) -> str:
        region = self._stacks.meta.region_name
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return f"https://{self._target.bucket}.s3.{region}.{suffix}/{self.prefix}{ROOT}"

    def _follow(self, seen: set[str]) -> bool:
        """Tell the stack's events until it is done; whether it ended well."""
        for _ in self._polls():
            for event in self._new_events(seen):
                self._say(_line(event))
            (stack,) = self._stacks.describe_stacks(StackName=self._target.stack)["Stacks"]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                for output in stack.get("Outputs", []):
                    self._say(f"{output['OutputKey']}: {output['OutputValue']}")
                return stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        raise UserError([Problem(self._target.stack, "is still not done; CloudFormation goes on without drsim")])

    def _polls(self) -> Iterator[int]:
        for number in range(_MAX_POLLS):
            if number:
                self._pause(POLL_SECONDS)
            yield number

    def _events(self) -> Sequence[Mapping[str, Any]]:
        pages = self._stacks.get_paginator("describe_stack_events").paginate(StackName=self._target.stack)
        return [event for page in pages for event in page["StackEvents"]]

    def _event_ids(self) -> set[str]:
        return {str(event["EventId"]) for event in self._events()}

    def _new_events(self, seen: set[str]) -> list[Mapping[str, Any]]:
        fresh = [event for event in self._events() if event["EventId"] not in seen]
        seen.update(str(event["EventId"]) for event in fresh)
        return fresh[::-1]


def _line(event: Mapping[str, Any]) -> str:
    reason = event.get("ResourceStatusReason")
    what = f"{event['ResourceStatus']:24}{event['LogicalResourceId']} ({event['ResourceType']})"
    return f"{event['Timestamp']:%H:%M:%S}  {what}" + (f": {reason}" if reason else "")


@contextmanager
def _refusals(stack: str) -> Iterator[None]:
    """What AWS, or the way there, refuses is the user's to know, in one line."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise UserError([Problem(stack, str(error))]) from error
