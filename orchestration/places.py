"""Where a wave's servers are: an account and a Region, entered through a role, or those that the functions run in."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from orchestration.clients import CONFIG, client

FIELDS = ("account", "region", "roleArn", "roleName", "externalId")
_SESSION = "recovery-orchestrator"
_MARGIN = timedelta(minutes=5)  # credentials are renewed so long before they expire: no call outlasts that


@dataclass(frozen=True, slots=True)
class Home:
    """The partition, account and Region of the functions themselves."""

    partition: str = "aws"
    account: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """An account and a Region; None stands for the functions' own. `role_arn` is assumed to get there."""

    account: str | None = None
    region: str | None = None
    role_arn: str | None = None
    external_id: str | None = None

    @property
    def key(self) -> str:
        """What tells places apart whose quotas and servers are not the same, whatever role leads there."""
        return f"{self.account or ''}/{self.region or ''}"

    @property
    def noun(self) -> str:
        """The place in a sentence."""
        told = [self.account and f"account {self.account}", self.region and f"Region {self.region}"]
        return ", ".join(part for part in told if part) or "this account and Region"


HERE = Place()


def home() -> Home:
    """Where the functions run: the state machine is there too."""
    _, partition, _, region, account, *_ = os.environ["STATE_MACHINE_ARN"].split(":")
    return Home(partition, account, region)


def merged(plan: Mapping[str, Any], wave: Mapping[str, Any]) -> dict[str, str]:
    """What a wave says of its place, and what the plan says for all where the wave is silent.

    A wave that names a role of its own takes nothing from the plan that belongs to the plan's role.
    """
    own = {name: wave[name] for name in FIELDS if name in wave}
    replaced = {"roleName": ("roleArn",), "roleArn": ("roleName", "account")}
    dropped = {name for role, others in replaced.items() if role in own for name in others}
    return {name: plan[name] for name in FIELDS if name in plan and name not in dropped} | own


def place_of(plan: Mapping[str, Any], wave: Mapping[str, Any], at: Home) -> Place:
    """The place of a plan document's wave, which must have been checked."""
    told = merged(plan, wave)
    role = told.get("roleArn")
    if "roleName" in told:
        role = f"arn:{at.partition}:iam::{told['account']}:role/{told['roleName']}"
    account = role.split(":")[4] if role else told.get("account")
    region = told.get("region")
    return Place(
        None if account == at.account else account, None if region == at.region else region, role, told.get("externalId")
    )


def recorded(wave: Mapping[str, Any]) -> Place:
    """The place of a record's wave."""
    told = wave.get("place", {})
    return Place(told.get("account"), told.get("region"), told.get("roleArn"), told.get("externalId"))


def to_record(place: Place) -> dict[str, Any]:
    """A place as a record keeps it: what is not the functions' own."""
    members = {"account": place.account, "region": place.region, "roleArn": place.role_arn, "externalId": place.external_id}
    return {name: value for name, value in members.items() if value is not None}


# The clients that were made with an assumed role's credentials, and until when they can be used.
_entered: dict[tuple[str, Place], tuple[datetime, Any]] = {}


def client_at(service: str, place: Place) -> Any:
    """The boto3 client of a service in a place. Raises botocore's ClientError where the role may not be assumed."""
    if place.role_arn is None:
        return client(service) if place.region is None else client(service, place.region)
    until, entered = _entered.get((service, place), (None, None))
    if until is None or datetime.now(UTC) >= until:
        until, entered = _enter(service, place)
        _entered[service, place] = until, entered
    return entered


def forget() -> None:
    """Drop all clients with assumed credentials."""
    _entered.clear()


def _enter(service: str, place: Place) -> tuple[datetime, Any]:
    external = {"ExternalId": place.external_id} if place.external_id is not None else {}
    answer = client("sts").assume_role(RoleArn=place.role_arn, RoleSessionName=_SESSION, **external)
    given = answer["Credentials"]
    entered = boto3.client(
        service,
        region_name=place.region or home().region,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        config=CONFIG,
    )
    return given["Expiration"] - _MARGIN, entered
