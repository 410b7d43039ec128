"""Snapshots: what came into a world from outside, and when. A world is restored by letting the same come again.

Processes cannot be written down, but a world follows from its seed and from what comes in: the same inputs at the same
virtual instants give the same journal, byte for byte, and a restored world is held to that.
"""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any

from simulator import __version__
from simulator.account.address import at_aws
from simulator.account.wire import HttpRequest
from simulator.account.world import ACCOUNT_ID, World
from simulator.server.run_time_faults import add_faults, remove_fault
from simulator.server.setup import Setup
from simulator.server.spill import Spill

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Servers:
    """Source servers that were asked for, as the admin API is asked for them."""

    members: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults that were added, or the id of one that was taken away."""

    added: Any = None
    removed: str = ""


Input = HttpRequest | Servers | Faults


class Unrestorable(Exception):
    """A snapshot that cannot be read, is of another set-up, or whose world went another way."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that was read: `batches` are (instant in ms, entries of the journal by then, inputs)."""

    seed: int
    start: datetime
    setup: Any
    batches: Sequence[tuple[int, int, Sequence[Any]]]
    end_ms: int
    entries: int
    digest: str


class Recorder:
    """Writes down what comes into a world, compressed, in a file that goes with it."""

    def __init__(self, setup: Setup, seed: int, entries: Spill) -> None:
        self._header = {
            "format": FORMAT,
            "drsim": __version__,
            "seed": seed,
            "start": setup.start.isoformat(),
            "setup": about(setup),
        }
        self._entries = entries
        self._file = TemporaryFile(prefix="drsim-inputs-")  # noqa: SIM115  it lives as long as the world
        self._writer = gzip.GzipFile(fileobj=self._file, mode="wb", mtime=0)

    def admit(self, at_ms: int, inputs: Sequence[Input]) -> None:
        """Note what came in at an instant, before any of it is done."""
        self._writer.write(_line([at_ms, len(self._entries), [_written(one) for one in inputs]]))

    def snapshot(self, now_ms: int) -> bytes:
        """Everything so far, with what the journal must be then; between two instants only."""
        self._writer.close()  # ends a member of the file; another begins
        self._file.flush()
        self._file.seek(0)
        inputs = self._file.read()
        self._writer = gzip.GzipFile(fileobj=self._file, mode="wb", mtime=0)
        end = {"endMs": now_ms, "entries": len(self._entries), "digest": self._entries.digest.hexdigest()}
        return gzip.compress(_line(self._header), mtime=0) + inputs + gzip.compress(_line(end), mtime=0)

    def close(self) -> None:
        """Let the file go."""
        self._writer.close()
        self._file.close()


def about(setup: Setup) -> dict[str, Any]:
    """What a world to restore in must have been set up with."""
    scenario = setup.scenario.data if setup.scenario else None
    groups = [[group.name, group.count] for group in setup.groups]
    return {"region": setup.region, "origin": setup.origin, "fleet": groups, "scenario": scenario}


def read(document: bytes) -> Snapshot:
    """A snapshot from its bytes. Raises Unrestorable."""
    try:
        with gzip.GzipFile(fileobj=BytesIO(document)) as lines:
            header, *batches, end = [json.loads(line) for line in lines]
        if header["format"] != FORMAT:
            raise Unrestorable(f"a snapshot of format {header['format']}, not {FORMAT}")
        start = datetime.fromisoformat(header["start"])
        return Snapshot(header["seed"], start, header["setup"], batches, end["endMs"], end["entries"], end["digest"])
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise Unrestorable(f"not a snapshot: {error}") from error


def replay(snapshot: Snapshot, world: World, entries: Spill, recorder: Recorder) -> None:
    """Let happen in a new world what the snapshot's had seen. Raises Unrestorable where its journal becomes another."""
    for at_ms, count, inputs in snapshot.batches:
        _run_until(world, at_ms)
        if len(entries) != count:
            raise Unrestorable(f"by {at_ms} ms the journal had {count} entries, and has {len(entries)} now")
        came = [_read_input(one) for one in inputs]
        recorder.admit(at_ms, came)
        for one in came:
            world.clock.spawn("request", lambda one=one: apply(world, one), supervised=True)  # type: ignore[misc]
    _run_until(world, snapshot.end_ms)
    if (len(entries), entries.digest.hexdigest()) != (snapshot.entries, snapshot.digest):
        message = f"the journal is another: {len(entries)} entries, not {snapshot.entries}, or other ones"
        raise Unrestorable(message)


def apply(world: World, one: Input) -> Any:
    """Do what an input asks for; for a process of the world. Raises what that raises."""
    match one:
        case HttpRequest():
            return world.account.answer(at_aws(one))
        case Faults(added, removed):
            return remove_fault(world, removed) if removed else add_faults(world, added)
        case Servers(members):
            region = world.drs.region(*place(world, members))
            region.initialize()
            profile, origin = members.get("profile", "linux-direct"), members.get("originRegion")
            added = members["names"]
            return {name: region.add_source_server(name, profile=profile, origin_region=origin).id for name in added}


def place(world: World, asked: Mapping[str, Any]) -> tuple[str, str]:
    """The account and Region that a call of the admin API is about."""
    return str(asked.get("account", ACCOUNT_ID)), str(asked.get("region", world.region))


def _run_until(world: World, at_ms: int) -> None:
    """As a paced clock does: what a process raises that nobody waits for ends none but itself."""
    while True:
        try:
            world.clock.run_until(at_ms)
        except Exception:  # it was told of when it happened the first time
            continue
        return


def _written(one: Input) -> Any:
    if isinstance(one, Servers):
        return {"servers": dict(one.members)}
    if isinstance(one, Faults):
        return {"faults": [one.added, one.removed]}
    return {"request": [one.method, one.url, dict(one.headers), base64.b64encode(one.body).decode()]}


def _read_input(written: Any) -> Input:
    if "servers" in written:
        return Servers(written["servers"])
    if "faults" in written:
        return Faults(*written["faults"])
    method, url, headers, body = written["request"]
    return HttpRequest(method, url, headers, base64.b64decode(body))


def _line(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
