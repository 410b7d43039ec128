"""What may be wrong with what a plan says of a place: an account, a Region, and the role that leads there."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestration.places import merged

_PATTERNS = {
    "account": (re.compile(r"[0-9]{12}"), "an account's twelve digits"),
    "region": (re.compile(r"[a-z]{2,3}(-[a-z]+)+-[0-9]"), "a Region such as us-west-2"),
    "roleArn": (re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,512}"), "the ARN of an IAM role"),
    "roleName": (re.compile(r"[\w+=,.@/-]{1,512}"), "the name of an IAM role"),
    "externalId": (re.compile(r"[\w+=,.@:/-]{2,1224}"), "2 to 1224 letters, digits and _ + = , . @ : / -"),
}
Finding = tuple[str, str]  # a field, and what is wrong with it


def place_shape(document: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with single fields of a plan or a wave. Values are not repeated: an external id is nobody's business."""
    for field, (pattern, expected) in _PATTERNS.items():
        if field in document and not (isinstance(document[field], str) and pattern.fullmatch(document[field])):
            yield field, f"{field} must be {expected}"


def place_flaws(plan: Mapping[str, Any], wave: Mapping[str, Any]) -> Iterator[Finding]:
    """What does not go together in a wave's place, as far as the wave and its plan say it."""
    told = merged(plan, wave)
    if "roleArn" in told and "roleName" in told:
        yield "roleArn", "there is either a roleArn or a roleName"
    elif "roleName" in told and "account" not in told:
        yield "roleName", "a roleName needs the account that it is in"
    elif "roleArn" in told and told.get("account") not in (None, account_in(told)):
        yield "roleArn", "the role is in another account than the wave"
    elif not {"roleArn", "roleName"} & told.keys():
        for field in ("account", "externalId"):
            if field in told:
                yield field, f"{field} needs a role, roleArn or roleName, that leads there"


def account_in(told: Mapping[str, str]) -> str | None:
    """The account that is meant: the role's, where a role is named by its ARN."""
    return told["roleArn"].split(":")[4] if "roleArn" in told else told.get("account")
