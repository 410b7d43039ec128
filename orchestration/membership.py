"""Which servers belong to a wave that names them by tags: found out when an execution is started, and recorded."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from orchestration.clients import error_code, pages
from orchestration.places import Home, Place, client_at, place_of
from orchestration.plan import InvalidPlan
from orchestration.plan_checks import Flaw

# What a plan, a role or an account has to be changed for; to ask again would not help.
_LASTING = frozenset({
    "AccessDenied", "AccessDeniedException", "UninitializedAccountException", "UnrecognizedClientException",
    "InvalidClientTokenId", "ValidationError",
})  # fmt: skip
Servers = list[Mapping[str, Any]]


def resolve(document: Mapping[str, Any], home: Home) -> dict[str, list[str]]:
    """The ids of each wave's servers, by the wave's name, for those waves of a checked document that have tags.

    Raises InvalidPlan where a place cannot be looked into, and botocore's ClientError for what time may mend.
    """
    known: dict[Place, Servers] = {}
    found = {}
    for index, wave in enumerate(document["waves"]):
        if "tags" in wave:
            servers = _servers_at(place_of(document, wave, home), known, f"/waves/{index}/tags")
            found[wave["name"]] = list(_members(servers, wave["tags"]))
    return found


def _members(servers: Servers, tags: Mapping[str, str]) -> Iterator[str]:
    for server in servers:
        if tags.items() <= server.get("tags", {}).items():
            yield server["sourceServerID"]


def _servers_at(place: Place, known: dict[Place, Servers], pointer: str) -> Servers:
    if place not in known:
        try:
            known[place] = list(pages(client_at("drs", place).describe_source_servers, "items", filters={}))
        except ClientError as error:
            if error_code(error) not in _LASTING:
                raise
            message = f"the source servers in {place.noun} cannot be listed: {error}"
            raise InvalidPlan([Flaw(pointer, message)]) from error
    return known[place]
