"""What a look at a runbook or at a wave's health comes to, and what both are told of the wave. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestration.waves import LAUNCHED

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Look:
    """How a step stands: SUCCEEDED, FAILED, or (None) it goes on. `reason` is what there is to say of it.

    `note` is to be remembered in the step until the next look.
    """

    status: str | None
    reason: str = ""
    note: Mapping[str, Any] = field(default_factory=dict)


def instances(wave: Mapping[str, Any]) -> list[str]:
    """The recovery instances of a wave, as far as they are known. Their ids are those of their EC2 instances."""
    return [server["recoveryInstanceId"] for server in wave["servers"] if "recoveryInstanceId" in server]


def parameters(execution: Mapping[str, Any], wave: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, list[str]]:
    """The parameters of a step's document, each a list, with `${...}` filled in.

    `${instances}` and `${sourceServers}` are lists, and stand alone; `${executionId}`, `${planId}`, `${wave}` and `${kind}`
    (Drill or Recovery) are texts.
    """
    values = step.get("parameters", {}).items()
    return {name: _filled(execution, wave, value) for name, value in values}


def _filled(execution: Mapping[str, Any], wave: Mapping[str, Any], value: str | list[str]) -> list[str]:
    lists = {
        "${instances}": instances(wave),
        "${sourceServers}": [server["sourceServerId"] for server in wave["servers"] if server["launchStatus"] == LAUNCHED]
        or [server["sourceServerId"] for server in wave["servers"]],
    }
    texts = {
        "executionId": execution["executionId"],
        "planId": execution["planId"],
        "wave": wave["name"],
        "kind": "Drill" if execution["isDrill"] else "Recovery",
    }
    found: list[str] = []
    for one in [value] if isinstance(value, str) else value:
        found += lists[one] if one in lists else [_PLACEHOLDER.sub(lambda match: str(texts.get(match[1], match[0])), one)]
    return found
