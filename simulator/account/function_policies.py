"""Functions' resource policies: which services may call a function that was deployed through the Lambda API."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.errors import ServiceError

Statement = Mapping[str, Any]


@dataclass(slots=True)
class FunctionPolicies:
    """The policies of one account's functions in a Region, by the functions' names."""

    _statements: dict[str, dict[str, Statement]] = field(default_factory=dict)

    def add(self, function: str, arn: str, asked: Mapping[str, Any]) -> Statement:
        """AddPermission's statement. Raises ResourceConflictException for an id that is taken."""
        own, name = self._statements.setdefault(function, {}), asked["StatementId"]
        if name in own:
            message = f"The statement id ({name}) provided already exists. Please provide a new statement id, or remove it."
            raise ServiceError("ResourceConflictException", message, 409, {"Type": "User"})
        principal = asked["Principal"]
        whom: Any = {"Service": principal} if principal.endswith(".amazonaws.com") else {"AWS": principal}
        statement = {"Sid": name, "Effect": "Allow", "Principal": "*" if principal == "*" else whom}
        statement |= {"Action": asked["Action"], "Resource": arn}
        conditions: dict[str, Any] = {}
        if "SourceArn" in asked:
            conditions["ArnLike"] = {"AWS:SourceArn": asked["SourceArn"]}
        if "SourceAccount" in asked:
            conditions["StringEquals"] = {"AWS:SourceAccount": asked["SourceAccount"]}
        own[name] = statement | ({"Condition": conditions} if conditions else {})
        return own[name]

    def remove(self, function: str, statement: str) -> None:
        """Take a statement away. Raises ResourceNotFoundException."""
        if self._statements.get(function, {}).pop(statement, None) is None:
            raise _not_found(f"Statement {statement} is not found in resource policy.")

    def forget(self, function: str) -> None:
        """Take all of a function's statements away."""
        self._statements.pop(function, None)

    def document(self, function: str) -> str:
        """The policy as JSON. Raises ResourceNotFoundException where there is none."""
        if not self._statements.get(function):
            raise _not_found("The resource you requested does not exist.")
        statements = list(self._statements[function].values())
        return json.dumps({"Version": "2012-10-17", "Id": "default", "Statement": statements})

    def let_in(self, function: str, service: str, source_arn: str) -> bool:
        """Whether a service may invoke a function on behalf of one of its resources."""
        return any(_lets_in(statement, service, source_arn) for statement in self._statements.get(function, {}).values())


def _lets_in(statement: Statement, service: str, source_arn: str) -> bool:
    conditions = statement.get("Condition", {})
    wanted = conditions.get("ArnLike", {}).get("AWS:SourceArn", "*")
    account = conditions.get("StringEquals", {}).get("AWS:SourceAccount")
    return (
        statement["Principal"] in ("*", {"Service": service})
        and statement["Action"] in ("lambda:InvokeFunction", "lambda:*")
        and _is_like(source_arn, wanted)
        and account in (None, source_arn.split(":")[4])
    )


def _is_like(arn: str, wanted: str) -> bool:
    pattern = re.escape(wanted).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, arn) is not None


def _not_found(message: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", message, 404, {"Type": "User"})
