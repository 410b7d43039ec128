"""Pages of a listing, as the service cuts them."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.drs.refusals import bad_token


def page(member: str, rows: Sequence[Any], request: Mapping[str, Any], default_size: int) -> dict[str, Any]:
    """One page of `rows` under `member`, with a nextToken if there are more. Raises ServiceError for a foreign token."""
    token = request.get("nextToken")
    if token is not None and not (token.isascii() and token.isdigit()):
        raise bad_token()
    start = int(token or 0)
    end = start + (request.get("maxResults") or default_size)
    return {member: list(rows[start:end])} | ({"nextToken": str(end)} if end < len(rows) else {})
