"""Whose request it is: the account behind an access key, and the sessions that STS hands out.

The world's own keys name their account, and so does a key that is an account's number; any other key is the home account's.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from simulator.account import wire
from simulator.account.trust import Asking, Roles
from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.errors import ServiceError
from simulator.rng import Chance

MAX_CHAINED_SECONDS = 3_600  # the longest session of a role that is assumed from another one, such as a function's

_NAMED = re.compile(r"(?:ASIA)?(\d{12})(?:SIMU)?")
# How services word that a session is over, by protocol; all others say ExpiredTokenException.
_EXPIRED = {"query": "ExpiredToken", "rest-xml": "ExpiredToken", "ec2": "RequestExpired"}


@dataclass(frozen=True, slots=True)
class Session:
    """An assumed role's session."""

    account_id: str
    role_arn: str
    name: str
    expires_ms: int

    @property
    def arn(self) -> str:
        """The principal that the session is: `arn:aws:sts::123456789012:assumed-role/role/session`."""
        return f"arn:aws:sts::{self.account_id}:assumed-role/{self.role_arn.rsplit('/', 1)[-1]}/{self.name}"


class Identities:
    """The accounts and sessions of a world. `home` is the account of whoever does not say."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._sessions: dict[str, Session] = {}

    def account_of(self, access_key: str) -> str:
        """The account whose resources a request with this key is about."""
        session = self._sessions.get(access_key)
        if session is not None:
            return session.account_id
        named = _NAMED.fullmatch(access_key)
        return named[1] if named else self._home

    def session_of(self, access_key: str) -> Session | None:
        """The assumed role's session that a key belongs to."""
        return self._sessions.get(access_key)

    def open(self, access_key: str, session: Session) -> None:
        """Let a key stand for an assumed role."""
        self._sessions[access_key] = session

    def check(self, request: Decoded, now_ms: int) -> None:
        """Raises ServiceError for credentials that have expired."""
        session = self._sessions.get(request.access_key)
        if session is not None and now_ms >= session.expires_ms:
            code = _EXPIRED.get(str(wire.service_model(request.service).protocol), "ExpiredTokenException")
            raise ServiceError(code, "The security token included in the request is expired", 403)


class Sts:
    """The part of STS that says who somebody is and makes them somebody else. `caller` tells who calls, by name."""

    def __init__(
        self, clock: VirtualClock, chance: Chance, identities: Identities, roles: Roles, caller: Callable[[], str]
    ) -> None:
        self._clock, self._chance, self._identities, self._roles = clock, chance, identities, roles
        self._caller = caller
        self._sessions: dict[str, int] = {}

    def assume_role(self, request: Decoded) -> Mapping[str, Any]:
        """AssumeRole. Raises ServiceError where the role's trust policy does not allow it, or for too long a session."""
        asked, own = request.parameters, self._identities.session_of(request.access_key)
        role_arn, name = str(asked["RoleArn"]), str(asked["RoleSessionName"])
        account_id = _account_in(role_arn)
        seconds = int(asked.get("DurationSeconds", MAX_CHAINED_SECONDS))
        asking = Asking(
            request.account_id, self.arn_of(request), own.role_arn if own else None, asked.get("ExternalId"), name
        )
        if not self._roles.allow(role_arn, asking):
            message = f"User: {asking.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
            raise ServiceError("AccessDenied", message, 403)
        if (own is not None or self._caller() != "world") and seconds > MAX_CHAINED_SECONDS:
            message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            raise ServiceError("ValidationError", message, 400)
        session = Session(account_id, role_arn, name, self._clock.now_ms + seconds * 1000)
        number = self._sessions[session.arn] = self._sessions.get(session.arn, 0) + 1
        draws = self._chance.stream("sts.session", f"{session.arn}#{number}")
        credentials = {
            "AccessKeyId": f"ASIA{draws.hex(16).upper()}",
            "SecretAccessKey": draws.hex(40),
            "SessionToken": draws.hex(64),
            "Expiration": (self._clock.start + timedelta(milliseconds=session.expires_ms)).replace(microsecond=0),
        }
        self._identities.open(str(credentials["AccessKeyId"]), session)
        user = {"AssumedRoleId": f"{self._role_id(role_arn)}:{name}", "Arn": session.arn}
        return {"Credentials": credentials, "AssumedRoleUser": user}

    def get_caller_identity(self, request: Decoded) -> Mapping[str, Any]:
        """GetCallerIdentity."""
        session = self._identities.session_of(request.access_key)
        user = f"{self._role_id(session.role_arn)}:{session.name}" if session else request.account_id
        return {"UserId": user, "Account": request.account_id, "Arn": self.arn_of(request)}

    def arn_of(self, request: Decoded) -> str:
        """Who asks. The world's own functions and executions are sessions of roles that are named after them."""
        session = self._identities.session_of(request.access_key)
        if session is not None:
            return session.arn
        name = self._caller().replace(":", "-")
        return f"arn:aws:sts::{request.account_id}:assumed-role/{name}/{name}"

    def _role_id(self, role_arn: str) -> str:
        return f"AROA{self._chance.stream('sts.role', role_arn).hex(17).upper()}"


def _account_in(role_arn: str) -> str:
    parts = role_arn.split(":")
    if len(parts) < 6 or not re.fullmatch(r"\d{12}", parts[4]):
        raise ServiceError("ValidationError", f"{role_arn} is invalid", 400)
    return parts[4]
