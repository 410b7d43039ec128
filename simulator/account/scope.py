"""Which service and Region a request is for, and whose key signed it, as far as the request itself says."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

NO_KEY = "anonymous"
_DEFAULT_REGION = "us-east-1"

_CREDENTIAL = re.compile(r"(?P<key>[^/\s=,]+)/\d+/(?P<region>[a-z0-9-]+)/(?P<service>[a-z0-9.-]+)/aws4_request")
_OLD_S3_SIGNATURE = re.compile(r"AWS (?P<key>[^:\s]+):")
_S3_HOST = re.compile(r"(?:.+\.)?s3[.-](?:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.)?(?:amazonaws|localhost)")

# What SDKs send without a signature, by the prefix of the target and by the action: whoever signs in has no key yet.
_UNSIGNED_TARGETS = {
    "AWSCognitoIdentityService": "cognito-identity",
    "AWSCognitoIdentityProviderService": "cognito-idp",
}
_UNSIGNED_ACTIONS = re.compile(rb"(?:^|&)Action=(?:AssumeRoleWithSAML|AssumeRoleWithWebIdentity)(?:&|$)")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a request is for: `service` is the name it is signed with (`drs`, `states`)."""

    access_key: str
    region: str
    service: str


@dataclass(frozen=True, slots=True)
class Clues:
    """The parts of a request that tell: `header` gives a header's value by name in any case, or an empty text."""

    method: str
    url: str
    header: Callable[[str], str]
    body: bytes


def scope_of(clues: Clues) -> Scope | None:
    """A request's scope: from its signature, else from what only unsigned requests have; None where nothing tells."""
    return _from_signature(clues) or _from_old_signature(clues) or _from_the_rest(clues)


def _from_signature(clues: Clues) -> Scope | None:
    """By the credential in the Authorization header, or in the query of a presigned URL."""
    credential = clues.header("authorization") or _query(clues.url).get("X-Amz-Credential", "")
    found = _CREDENTIAL.search(credential)
    return Scope(found["key"], found["region"], found["service"]) if found else None


def _from_old_signature(clues: Clues) -> Scope | None:
    """Only S3 still takes signatures of version 2, which name neither service nor Region."""
    found = _OLD_S3_SIGNATURE.match(clues.header("authorization"))
    key = found["key"] if found else _query(clues.url).get("AWSAccessKeyId")
    return Scope(key, _DEFAULT_REGION, "s3") if key else None


def _from_the_rest(clues: Clues) -> Scope | None:
    target = clues.header("x-amz-target")
    if target:
        service = _UNSIGNED_TARGETS.get(target.partition(".")[0])
        return Scope(NO_KEY, _DEFAULT_REGION, service) if service else None
    if clues.method == "POST" and _UNSIGNED_ACTIONS.search(clues.body):
        return Scope(NO_KEY, _DEFAULT_REGION, "sts")
    return _public_object(clues)


def _public_object(clues: Clues) -> Scope | None:
    """Reading an S3 object needs no signature if the object is public; other services' addresses are not S3's."""
    parts = urlsplit(clues.url)
    found = _S3_HOST.match(parts.hostname or "")
    is_elsewhere = found is None and (parts.hostname or "").endswith(("amazonaws.com", "amazonaws.com.cn"))
    if is_elsewhere or clues.method not in ("GET", "HEAD") or parts.path in ("", "/"):
        return None
    return Scope(NO_KEY, (found["region"] if found else None) or _DEFAULT_REGION, "s3")


def _query(url: str) -> Mapping[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
