"""The journal as a stream: followers get all of it as it comes, hold up nobody, and are let go of in order."""

import http.client
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import pytest

from simulator.errors import ClockStopped
from simulator.journal import Entry, LogLine
from simulator.server.following import PIECE_BYTES, Follower
from simulator.server.spill import Spill
from tests.server.served import Served, serving


@contextmanager
def following(served: Served, query: str = "") -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)) as connection:
        connection.request("GET", f"/_drsim/journal?follow{query}")
        yield connection.getresponse()


def pages(served: Served) -> bytes:
    return served.http("GET", "/_drsim/journal?limit=10000")[2]


def call(served: Served) -> None:
    served.client("sqs").list_queues()


def line(number: int, text: str = "x") -> Entry:
    return Entry(number, number, LogLine("f", "r", text))


def test_a_follower_gets_what_has_been_and_what_comes(served: Served) -> None:
    with following(served) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/jsonl")
        assert answer.headers["x-drsim-run"] == str(served.admin("health")["run"])
        lines = [answer.readline()]
        assert json.loads(lines[0])["kind"] == "run.started"
        for _ in range(3):
            call(served)
            lines.append(answer.readline())
    assert b"".join(lines) == pages(served)


def test_a_follower_goes_on_after_the_last_line_it_had(served: Served) -> None:
    call(served)
    with following(served) as answer:
        last = json.loads(list(islice(answer, 2))[-1])["index"]
    call(served)
    with following(served, f"=true&from={last + 1}&limit=1") as answer:
        (only,) = answer.read().splitlines()
    assert json.loads(only)["index"] == last + 1 == 2


def test_a_stream_ends_in_order_when_the_world_is_reset(served: Served) -> None:
    with following(served) as answer:
        first = answer.readline()
        call(served)
        whole = pages(served)
        served.reset()
        assert first + answer.read() == whole  # read raises IncompleteRead unless the last chunk came
        run = int(answer.headers["x-drsim-run"])
    with following(served, "&limit=0") as answer:
        assert (answer.read(), int(answer.headers["x-drsim-run"])) == (b"", run + 1)


def test_a_stream_ends_in_order_when_the_server_stops(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    with serving("--speed", "virtual", "--journal", journal) as served, following(served) as answer:
        call(served)
        assert served.stop() == 0
        assert answer.read() == journal.read_bytes()


def test_a_client_of_http_1_0_gets_the_lines_as_they_are(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=60) as connection:
        connection.sendall(b"GET /_drsim/journal?follow&limit=1 HTTP/1.0\r\n\r\n")
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert body == pages(served)


def test_many_follow_at_once_and_all_get_the_same(served: Served) -> None:
    def follow(_number: int) -> bytes:
        with following(served, "&limit=21") as answer:
            return answer.read()

    with ThreadPoolExecutor(40) as pool:
        got = [pool.submit(follow, number) for number in range(40)]
        for _ in range(20):
            call(served)
        assert {one.result(60) for one in got} == {pages(served)}
    assert served.admin("health")["waiting"] == 0


def test_a_world_goes_on_while_a_follower_takes_nothing(served: Served) -> None:
    with following(served) as slow:
        for _ in range(5):
            served.client("sqs").create_queue(QueueName="q" * 80, tags={"t": "x" * 200})
        assert served.admin("health")["status"] == "ok"
        whole = pages(served)
        served.reset()
        assert slow.read() == whole


def test_a_paused_world_can_be_followed(served: Served) -> None:
    with following(served, "&limit=1") as answer:
        served.admin("clock/pause", {})
        assert json.loads(answer.read())["index"] == 0


@pytest.mark.parametrize("query", ["=1", "&from=x", "&limit=-1"])
def test_a_wrong_follow_is_told(served: Served, query: str) -> None:
    with following(served, query) as answer:
        assert answer.status == 400
        assert "expected `" in json.loads(answer.read())["error"]


def test_who_reads_late_reads_it_all_though_the_file_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    entries = Spill(path)
    with closing(Follower(entries.growth, 0, None, None)) as follower:
        for number in range(300):
            entries.append(line(number, "x" * 1000))
        entries.close()
        written = path.read_bytes()
        again = Spill(path)
        again.append(line(0, "another world"))
        again.close()
        pieces = list(follower)
    assert b"".join(pieces) == written
    assert [len(piece) <= PIECE_BYTES for piece in pieces] == [True] * 5
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert b"another world" in path.read_bytes()


def test_a_line_longer_than_a_piece_comes_whole() -> None:
    entries = Spill(None)
    entries.append(line(0, "x" * 200_000))
    entries.append(line(1))
    with closing(Follower(entries.growth, 0, None, None)) as follower:
        entries.close()
        assert [piece.count(b"\n") for piece in follower] == [1, 1]


def test_who_hangs_up_is_followed_no_longer() -> None:
    entries = Spill(None)
    here, there = socket.socketpair()
    with here, closing(entries), closing(Follower(entries.growth, 0, None, here)) as follower:
        there.close()
        assert list(follower) == []


def test_a_closed_journal_cannot_be_followed() -> None:
    entries = Spill(None)
    entries.close()
    with pytest.raises(ClockStopped):
        Follower(entries.growth, 0, None, None)
