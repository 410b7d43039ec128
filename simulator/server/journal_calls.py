"""The journal over the admin API: in pages, or as it grows."""

from simulator.account.wire import HttpResponse
from simulator.server.calls import Call, Followed, Wrong, whole
from simulator.server.following import Follower
from simulator.server.host import Host

_MAX_LINES = 10_000


def journal(host: Host, call: Call) -> HttpResponse | Followed:
    """Lines of the journal from number `from` (default 0), at most `limit`; a header says where to go on."""
    follow = call.query.get("follow", "false")
    if follow not in ("", "true", "false"):
        raise Wrong("expected `follow` to be true or false")
    return _page(host, call) if follow == "false" else _followed(host, call)


def _followed(host: Host, call: Call) -> Followed:
    """The journal as it grows; the world's thread has no part in it, and may be busy or stuck."""
    running = host.current()
    if running.growth is None:
        raise Wrong("the journal of a run cannot be followed", 404)
    first, most = whole(call, "from", 0), whole(call, "limit", 0) if "limit" in call.query else None
    follower = Follower(running.growth, first, most, call.connection)
    return Followed({"Content-Type": "application/jsonl", "x-drsim-run": str(running.number)}, follower)


def _page(host: Host, call: Call) -> HttpResponse:
    first, limit = whole(call, "from", 0), whole(call, "limit", 1000)
    if not 1 <= limit <= _MAX_LINES:
        raise Wrong(f"expected `limit` from 1 to {_MAX_LINES}")
    lines, number = host.submit(
        "journal", lambda running: (running.world.journal.lines(first, limit), running.number)
    ).result()
    headers = {
        "Content-Type": "application/jsonl",
        "x-drsim-next": str(first + len(lines)),
        "x-drsim-run": str(number),
    }
    return HttpResponse(200, headers, "".join(lines).encode())
