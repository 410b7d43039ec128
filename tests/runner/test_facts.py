"""What is read from a journal."""

from simulator.journal import JobChanged, LaunchStatusChanged
from simulator.json_types import JsonObject
from simulator.runner.wording import clock_time
from tests.runner.story import IDS, Story, good_story


def test_waves_and_servers_as_they_went() -> None:
    data = good_story().facts().waves[0]
    assert (data.name, data.status, data.started_ms, data.ended_ms) == ("data", "LAUNCHED", 60_000, 660_000)
    assert [(server.name, server.ended_ms) for server in data.servers] == [("db-1", 600_000), ("db-2", 660_000)]


def test_a_wave_that_waits_for_a_server_is_pending_and_has_no_end() -> None:
    facts = Story().start_recovery("db-1", "db-2").at(9).launch("LAUNCHED", "db-1").facts()
    assert [(wave.status, wave.ended_ms) for wave in facts.waves] == [
        ("PENDING", None), ("NOT_STARTED", None), ("NOT_STARTED", None),
    ]  # fmt: skip


def test_what_another_job_did_to_a_server_before_its_wave_does_not_count() -> None:
    story = Story().at(1).launch("LAUNCHED", "app-1").at(50).start_recovery("app-1").at(90).launch("FAILED", "app-1")
    app = story.facts().waves[1]
    assert (app.status, app.started_ms, app.ended_ms) == ("FAILED", 50_000, 90_000)


def test_recovery_time_runs_from_the_request_to_the_end_of_the_execution() -> None:
    assert good_story().facts().recovery_ms == 1_901_000


def test_clock_times_read_as_people_write_them() -> None:
    assert [clock_time(ms) for ms in (0, 59_000, 1_985_000, 3_730_000, 1_500)] == [
        "0:00",
        "0:59",
        "33:05",
        "1:02:10",
        "0:01.500",
    ]


def test_terminating_the_instance_afterwards_does_not_undo_the_recovery() -> None:
    story = Story().start_recovery("app-1").at(9).launch("LAUNCHED", "app-1")
    story.at(20).record(JobChanged("t", "TERMINATE", "TERMINATE_RECOVERY_INSTANCES", "PENDING", []))
    story.at(30).record(LaunchStatusChanged("t", IDS["app-1"], "TERMINATED"))
    assert story.facts().waves[1].status == "LAUNCHED"


def test_a_reason_with_members_is_told_in_words() -> None:
    record: JsonObject = {"status": "FAILED", "error": {"code": "WaveFailed", "message": "app: no capacity", "at": None}}
    assert good_story().facts(record).reason.startswith("WaveFailed: app: no capacity")
