"""The admin API: the world's clock, journal, servers and life."""

import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from simulator.journal import ApiCall, RunStarted, read_jsonl
from tests.server.served import Served

HOUR_MS = 3_600_000


def drill(served: Served, *names: str) -> str:
    """Start a drill of servers that exist from now on; the job's id."""
    ids = served.admin("servers", {"names": list(names)})
    servers = [{"sourceServerID": ids[name]} for name in names]
    job: str = served.client("drs").start_recovery(sourceServers=servers, isDrill=True)["job"]["jobID"]
    return job


def status(served: Served, job: str) -> str:
    (found,) = served.client("drs").describe_jobs(filters={"jobIDs": [job]})["items"]
    return str(found["status"])


def test_health_says_what_is_served(served: Served) -> None:
    health = served.admin("health")
    assert (health["status"], health["seed"], health["waiting"]) == ("ok", 1, 0)


def test_the_clock_stands_still_until_it_is_advanced(served: Served) -> None:
    job = drill(served, "db-1", "db-2")
    first, second = served.admin("clock"), served.admin("clock")
    assert first == second
    assert (first["speed"], first["paused"]) == ("virtual", False)
    assert status(served, job) != "COMPLETED"
    after = served.admin("clock/advance", {"seconds": 3600})
    assert HOUR_MS <= after["nowMs"] - first["nowMs"] < HOUR_MS + 5_000
    assert status(served, job) == "COMPLETED"


def test_a_step_stops_at_the_next_event(served: Served) -> None:
    drill(served, "db-1")
    before = served.admin("clock")
    after = served.admin("clock/step", {})
    assert (after["now"], after["paused"]) == (before["nextEvent"], True)


def test_a_paused_world_answers_the_admin_and_lets_requests_wait(served: Served) -> None:
    served.admin("clock/pause", {})
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(served.client("drs").describe_source_servers()["items"]))
    thread.start()
    served.until_waiting(1)
    assert answers == []
    assert served.admin("clock/resume", {})["paused"] is False
    thread.join(timeout=30)
    assert answers == [[]]


def test_the_speed_can_be_changed(served: Served) -> None:
    assert served.admin("clock/speed", {"speed": 10_000})["speed"] == 10_000
    now_ms = served.admin("clock")["nowMs"]
    served.until(lambda: bool(served.admin("clock")["nowMs"] > now_ms))  # time passes on its own
    assert served.admin("clock/speed", {"speed": "virtual"})["speed"] == "virtual"


def test_time_passes_on_from_where_it_was_advanced_to(served: Served) -> None:
    served.admin("clock/speed", {"speed": 1000})
    served.admin("clock/advance", {"seconds": 366 * 24 * 3600})  # the world is older than the machine now
    now_ms = served.admin("clock")["nowMs"]
    assert served.client("drs").describe_jobs()["items"] == []
    assert served.admin("clock")["nowMs"] - now_ms < HOUR_MS
    served.admin("clock/speed", {"speed": "virtual"})


def test_faults_are_added_listed_and_taken_away_while_the_world_runs(served: Served) -> None:
    server = served.admin("servers", {"names": ["db-1"]})["db-1"]
    calls = {"id": "busy", "api": "drs:DescribeJobs", "error": "ThrottlingException"}
    phase = {"server": "db-1", "phase": "LAUNCH", "outcome": "FAILED", "rawError": "no capacity"}
    assert served.admin("faults", {"faults": [calls, phase]}) == {"added": ["busy", "fault-2"]}
    assert served.admin("faults") == {"faults": ["busy", "fault-2"]}
    with pytest.raises(ClientError, match="ThrottlingException"):
        served.client("drs").describe_jobs()
    assert served.admin("faults/remove", {"id": "busy"}) == {"removed": "busy"}
    assert served.client("drs").describe_jobs()["items"] == []
    served.client("drs").start_recovery(sourceServers=[{"sourceServerID": server}])
    served.admin("clock/advance", {"seconds": 3600})
    (job,) = served.client("drs").describe_jobs()["items"]
    assert [one["launchStatus"] for one in job["participatingServers"]] == ["FAILED"]
    journal, snapshot = served.http("GET", "/_drsim/journal")[2], served.http("GET", "/_drsim/snapshot")[2]
    assert served.http("POST", "/_drsim/restore", body=snapshot)[0] == 200
    assert served.http("GET", "/_drsim/journal")[2] == journal


def test_the_journal_comes_in_pages_that_join_to_the_whole(served: Served) -> None:
    drill(served, "db-1")
    served.admin("clock/advance", {"seconds": 3600})
    _, headers, whole = served.http("GET", "/_drsim/journal?limit=10000")
    text, number = b"", 0
    while True:
        _, headers, page = served.http("GET", f"/_drsim/journal?from={number}&limit=7")
        if not page:
            break
        text, number = text + page, int(headers["x-drsim-next"])
    assert text == whole
    journal = read_jsonl(whole.decode())
    assert len(journal) == number
    assert isinstance(journal[0].event, RunStarted)
    assert [event.operation for _, event in journal.of(ApiCall)] == ["StartRecovery"]


def test_a_reset_world_begins_again_and_goes_the_same_way(served: Served) -> None:
    first = drill(served, "db-1")
    run = served.admin("health")["run"]
    assert served.admin("reset", {}) == {"run": run + 1, "seed": 1}
    assert served.client("drs").describe_source_servers()["items"] == []
    assert drill(served, "db-1") == first
    served.admin("reset", {"seed": 7})
    assert drill(served, "db-1") != first
    served.admin("reset", {"seed": 1})


def test_a_reset_refuses_what_still_waits(served: Served) -> None:
    served.admin("clock/pause", {})
    refused: list[Any] = []

    def ask() -> None:
        try:
            served.client("drs").describe_source_servers()
        except ClientError as error:
            refused.append((error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]))

    thread = threading.Thread(target=ask)
    thread.start()
    served.until_waiting(1)
    served.reset()
    thread.join(timeout=30)
    assert refused == [("ServiceUnavailable", 503)]


def test_servers_can_be_added_in_any_account_and_region(served: Served) -> None:
    place = {"account": "111111111111", "region": "eu-west-1"}
    added = served.admin("servers", {"names": ["db-1"], **place})
    (found,) = served.client("drs", region="eu-west-1", key="111111111111").describe_source_servers()["items"]
    assert added == {"db-1": found["sourceServerID"]}
    assert served.admin("servers?account=111111111111&region=eu-west-1") == added
    assert served.admin("servers") == {}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "nothing", {}, 404, "/_drsim/clock/advance"),
        ("GET", "reset", {}, 405, "takes POST"),
        ("POST", "clock/speed", {"speed": 0}, 400, "from 0.001 to 10000"),
        ("POST", "clock/speed", {"speed": "fast"}, 400, "'virtual'"),
        ("POST", "clock/advance", {"seconds": -1}, 400, "from 0 to"),
        ("POST", "clock/advance", {"seconds": True}, 400, "a number"),
        ("POST", "clock/advance", {}, 400, "`seconds`"),
        ("POST", "reset", {"seed": "x"}, 400, "`seed`"),
        ("POST", "servers", {"names": []}, 400, "`names`"),
        ("POST", "servers", {"names": ["a", "a"]}, 400, "already"),
        ("POST", "faults", {"faults": [{"api": "drs:Nope", "error": "X"}]}, 400, "Nope"),
        ("POST", "faults", {}, 400, "faults"),
        ("POST", "faults/remove", {"id": "none"}, 404, "'none'"),
        ("GET", "journal?from=-1", {}, 400, "`from`"),
        ("GET", "journal?limit=0", {}, 400, "`limit`"),
    ],
)
def test_a_wrong_call_is_told_what_would_be_right(
    served: Served, method: str, path: str, body: Mapping[str, Any], status: int, words: str
) -> None:
    got, _, text = served.http(method, f"/_drsim/{path}", body=json.dumps(body).encode() if method == "POST" else b"")
    assert got == status
    assert words in json.loads(text)["error"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(served: Served, body: bytes) -> None:
    got, _, text = served.http("POST", "/_drsim/clock/advance", body=body)
    assert (got, json.loads(text)) == (400, {"error": "expected the body to be a JSON object"})
