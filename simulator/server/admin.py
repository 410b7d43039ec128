"""The admin API, `/_drsim/...`: the world's clock, journal, servers and life from outside, in JSON.

Each call is work in the world like any request, so it sees one instant; a paused world answers too.
"""

import socket
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from simulator import __version__
from simulator.account.wire import HttpRequest, HttpResponse
from simulator.errors import ClockStopped, ScenarioError
from simulator.json_types import JsonValue
from simulator.server.calls import Call, Followed, Wrong, as_json, members, number
from simulator.server.host import Host, Running
from simulator.server.journal_calls import journal
from simulator.server.run_time_faults import armed
from simulator.server.snapshots import Faults, Servers, Unrestorable, apply, place, read

PREFIX = "/_drsim/"
VIRTUAL = "virtual"  # what stands for no speed

_HEALTH_SECONDS = 2.0  # a world that does not answer within this is busy
_MAX_ADVANCE_SECONDS = 366 * 24 * 3600


class Admin:
    """Answers the admin API of a host."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def answer(self, request: HttpRequest, connection: socket.socket | None) -> HttpResponse | Followed:
        """Answer one call that came over a connection. Raises ClockStopped, and ClockStuck, where no world can answer it."""
        parts = urlsplit(request.url)
        try:
            route = _route(request.method, parts.path.removeprefix(PREFIX).rstrip("/"))
            query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            body = {} if route is _restore else members(request.body)
            return route(self._host, Call(query, body, request.body, connection))
        except Wrong as wrong:
            return as_json({"error": str(wrong)}, wrong.status)


def _route(method: str, path: str) -> "Route":
    methods = {known_method: route for (known_method, known), route in _ROUTES.items() if known == path}
    if not methods:
        known_paths = sorted({known for _, known in _ROUTES})
        raise Wrong(f"there is no {PREFIX}{path}; there are {', '.join(PREFIX + known for known in known_paths)}", 404)
    if method not in methods:
        raise Wrong(f"{PREFIX}{path} takes {' or '.join(sorted(methods))}, not {method}", 405)
    return methods[method]


def _health(host: Host, _call: Call) -> HttpResponse:
    """Whether the server would answer a request: `ok`, or with status 503 `busy`, `stuck` or `stopping`."""
    about: dict[str, JsonValue] = {"version": __version__}
    try:
        running = host.current()
        if running.paced.trouble:
            return as_json({"status": "stuck", "reason": str(running.paced.trouble), **about}, 503)
        pace = host.submit("health", lambda running: running.paced.pace()).result(_HEALTH_SECONDS)
    except TimeoutError:
        return as_json({"status": "busy", **about}, 503)
    except ClockStopped:
        return as_json({"status": "stopping", **about}, 503)
    return as_json({"status": "ok", "run": running.number, "seed": running.seed, "waiting": pace.waiting, **about})


def _clock(host: Host, _call: Call) -> HttpResponse:
    return _done(host, lambda running: None)


def _speed(host: Host, call: Call) -> HttpResponse:
    speed = number(call, "speed", word=VIRTUAL)
    try:
        return _done(host, lambda running: running.paced.set_speed(speed))
    except ValueError as error:
        raise Wrong(f"{error}, or {VIRTUAL!r}") from None


def _pause(host: Host, _call: Call) -> HttpResponse:
    return _done(host, lambda running: running.paced.pause())


def _resume(host: Host, _call: Call) -> HttpResponse:
    return _done(host, lambda running: running.paced.resume())


def _step(host: Host, _call: Call) -> HttpResponse:
    return _done(host, lambda running: running.paced.step())


def _advance(host: Host, call: Call) -> HttpResponse:
    seconds = number(call, "seconds")
    if seconds is None or not 0 <= seconds <= _MAX_ADVANCE_SECONDS:
        raise Wrong(f"expected `seconds` from 0 to {_MAX_ADVANCE_SECONDS}")
    return _done(host, lambda running: running.paced.advance_ms(round(seconds * 1000)))


def _reset(host: Host, call: Call) -> HttpResponse:
    seed = call.body.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or seed < 0):
        raise Wrong("expected `seed` to be a whole number from 0")
    running = host.reset(seed)
    return as_json({"run": running.number, "seed": running.seed})


def _snapshot(host: Host, _call: Call) -> HttpResponse:
    return HttpResponse(200, {"Content-Type": "application/gzip"}, host.snapshot())


def _restore(host: Host, call: Call) -> HttpResponse:
    """Go back to a snapshot; with status 409 and a world as at the start where that does not lead to the same journal."""
    try:
        running = host.restore(read(call.raw))
    except Unrestorable as error:
        raise Wrong(str(error), 409) from None
    return as_json({"run": running.number, "seed": running.seed})


def _faults(host: Host, _call: Call) -> HttpResponse:
    """The ids of the faults that wait."""
    return as_json({"faults": list(host.submit("faults", lambda running: armed(running.world)).result())})


def _add_faults(host: Host, call: Call) -> HttpResponse:
    one = Faults(added=call.body.get("faults"))
    try:
        added = host.act("add faults", one, lambda running: apply(running.world, one)).result()
    except ScenarioError as error:
        raise Wrong(str(error)) from None
    return as_json({"added": added}, 201)


def _remove_fault(host: Host, call: Call) -> HttpResponse:
    one = Faults(removed=str(call.body.get("id", "")))
    if not one.removed:
        raise Wrong("expected `id`: the id of a fault")
    if not host.act("remove a fault", one, lambda running: apply(running.world, one)).result():
        raise Wrong(f"no fault of the id {one.removed!r} waits", 404)
    return as_json({"removed": one.removed})


def _servers(host: Host, call: Call) -> HttpResponse:
    """The source servers of an account and Region: their ids by name."""
    return as_json(host.submit("servers", lambda running: _ids(running, call.query)).result())


def _add_servers(host: Host, call: Call) -> HttpResponse:
    names = call.body.get("names")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise Wrong("expected `names`: a list of names for source servers")
    if not isinstance(call.body.get("originRegion", ""), str):
        raise Wrong("expected `originRegion`: the Region where the servers run")

    asked = Servers(call.body)
    try:
        return as_json(host.act("request", asked, lambda running: apply(running.world, asked)).result(), 201)
    except ValueError as error:
        raise Wrong(str(error)) from None


def _ids(running: Running, asked: Mapping[str, Any]) -> dict[str, JsonValue]:
    state = running.world.drs.region(*place(running.world, asked)).state
    return {server.name: server.id for server in state.servers.values()}


def _done(host: Host, action: Callable[[Running], None]) -> HttpResponse:
    """Do something with the clock; how it stands then."""

    def act(running: Running) -> dict[str, JsonValue]:
        action(running)
        pace, clock = running.paced.pace(), running.world.clock
        return {
            "now": clock.now().isoformat(),
            "nowMs": pace.now_ms,
            "nextEvent": None if pace.next_ms is None else (clock.start + timedelta(milliseconds=pace.next_ms)).isoformat(),
            "speed": VIRTUAL if pace.speed is None else pace.speed,
            "paused": pace.is_paused,
            "waiting": pace.waiting,
        }

    return as_json(host.submit("clock", act).result())


Route = Callable[[Host, Call], HttpResponse | Followed]
_ROUTES: Mapping[tuple[str, str], Route] = {
    ("GET", "health"): _health,
    ("GET", "clock"): _clock,
    ("POST", "clock/speed"): _speed,
    ("POST", "clock/pause"): _pause,
    ("POST", "clock/resume"): _resume,
    ("POST", "clock/step"): _step,
    ("POST", "clock/advance"): _advance,
    ("POST", "reset"): _reset,
    ("GET", "snapshot"): _snapshot,
    ("POST", "restore"): _restore,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_faults,
    ("POST", "faults/remove"): _remove_fault,
    ("GET", "journal"): journal,
    ("GET", "servers"): _servers,
    ("POST", "servers"): _add_servers,
}
