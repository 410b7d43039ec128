"""Pages of a listing, as the service cuts them.

A token names the last row that was shown, not a place in the list: rows that come or go between two pages neither repeat nor
hide others.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from simulator.drs.refusals import bad_token

Row = TypeVar("Row")


def page(
    listing: str,
    rows: Sequence[Row],
    position: Callable[[Row], int],
    show: Callable[[Row], Mapping[str, Any]],
    request: Mapping[str, Any],
    default_size: int,
) -> dict[str, Any]:
    """The page of `rows` that a request asks for, each as `show` makes it, with a nextToken if there are more.

    `position` rises from row to row. Raises ServiceError for a token that `listing` did not give out.
    """
    token = request.get("nextToken")
    start = bisect_right(rows, _place(listing, token), key=position) if token else 0
    end = start + (request.get("maxResults") or default_size)
    answer: dict[str, Any] = {"items": [show(row) for row in rows[start:end]]}
    if end < len(rows):
        answer["nextToken"] = _token(listing, position(rows[end - 1]))
    return answer


def _token(listing: str, place: int) -> str:
    return urlsafe_b64encode(f"{listing}:{place}".encode()).decode()


def _place(listing: str, token: str) -> int:
    try:
        name, _, place = urlsafe_b64decode(token.encode()).decode().rpartition(":")
        found = int(place)
    except ValueError:  # neither base64, nor text, nor a number
        raise bad_token() from None
    if name != listing:
        raise bad_token()
    return found
