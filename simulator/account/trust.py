"""Who may assume a role: its trust policy, judged as IAM judges it, for the few kinds of condition that such policies use.

A role that nobody has described may be assumed by anybody: most rehearsals have no IAM, and should not need any.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from simulator.account import moto_services

_ACTIONS = frozenset({"*", "sts:*", "sts:assumerole"})
# Their opposites: satisfied unless one of the wanted values is met.
_NEGATIONS = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


@dataclass(frozen=True)
class Asking:
    """Somebody who wants to assume a role. `role_arn` is the role that they act in, None where the world does not say."""

    account_id: str
    arn: str
    role_arn: str | None = None
    external_id: str | None = None
    session_name: str = ""

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """What conditions can ask about, by lower-case key."""
        known = {
            "sts:externalid": self.external_id,
            "sts:rolesessionname": self.session_name,
            "aws:principalaccount": self.account_id,
            "aws:principalarn": self.role_arn or self.arn,
        }
        return {key: value for key, value in known.items() if value is not None}


@dataclass(slots=True)
class Roles:
    """The trust policies of the world's roles: those declared here, and those of roles in moto's IAM."""

    _declared: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def declare(self, role_arn: str, trust_policy: Mapping[str, Any]) -> None:
        """Give a role a trust policy (an IAM policy document)."""
        self._declared[role_arn] = trust_policy

    def allow(self, role_arn: str, asking: Asking) -> bool:
        """Whether somebody may assume a role."""
        policy = self._declared.get(role_arn) or _from_iam(role_arn)
        return policy is None or allows(policy, asking)


def allows(policy: Mapping[str, Any], asking: Asking) -> bool:
    """What a trust policy says to somebody: allowed by a statement, and denied by none."""
    effects = {str(rule.get("Effect")) for rule in _list(policy.get("Statement")) if _applies(rule, asking)}
    return effects == {"Allow"}


def _from_iam(role_arn: str) -> Mapping[str, Any] | None:
    if not moto_services.uses("iam", "cloudformation"):
        return None
    for role in moto_services.backend("iam", role_arn.split(":")[4], "aws").roles.values():
        if role.arn == role_arn:
            policy: Mapping[str, Any] = json.loads(role.assume_role_policy_document)
            return policy
    return None


def _applies(rule: Mapping[str, Any], asking: Asking) -> bool:
    actions = {str(action).lower() for action in _list(rule.get("Action"))}
    return (
        bool(actions & _ACTIONS)
        and any(_is_principal(principal, asking) for principal in _aws_principals(rule.get("Principal")))
        and all(
            _satisfies(operator, key, _list(wanted), asking)
            for operator, wants in rule.get("Condition", {}).items()
            for key, wanted in wants.items()
        )
    )


def _aws_principals(principal: Any) -> list[str]:
    return _list(principal.get("AWS")) if isinstance(principal, Mapping) else _list(principal)


def _is_principal(principal: str, asking: Asking) -> bool:
    """Whether a statement is about somebody; somebody whose role is not known may have any role of their account."""
    if principal in ("*", asking.account_id, f"arn:aws:iam::{asking.account_id}:root", asking.arn, asking.role_arn):
        return True
    return asking.role_arn is None and principal.startswith((f"arn:aws:iam::{asking.account_id}:role/", asking.arn))


def _satisfies(operator: str, key: str, wanted: list[str], asking: Asking) -> bool:
    """Whether one condition holds; one on a key that the request does not have holds only as `...IfExists` or negated."""
    name = operator.removesuffix("IfExists")
    has = asking.keys.get(key.lower())
    if name == "Null":
        return (has is None) == (str(wanted[0]).lower() == "true")
    if has is None:
        return name != operator or name in _NEGATIONS
    meets = _OPERATORS.get(_NEGATIONS.get(name, name))
    if meets is None:
        return False
    return any(meets(has, str(want)) for want in wanted) != (name in _NEGATIONS)


def _is_like(has: str, wants: str) -> bool:
    pattern = re.escape(wants).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(pattern, has, re.DOTALL) is not None


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# Operators of a condition: whether a value that the request has satisfies one that the policy wants.
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda has, wants: has == wants,
    "StringEqualsIgnoreCase": lambda has, wants: has.lower() == wants.lower(),
    "StringLike": _is_like,
    "ArnEquals": _is_like,
    "ArnLike": _is_like,
    "Bool": lambda has, wants: has.lower() == wants.lower(),
}
