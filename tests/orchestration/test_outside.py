"""What the world outside is told of an execution, and that nothing depends on whether it hears."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from orchestration import clients, outside, record
from orchestration.events import handler as events_handler
from orchestration.handler import handler
from orchestration.happenings import happenings
from orchestration.operators import OPERATIONS, note_of
from orchestration.plan import InvalidPlan, read_plan
from orchestration.record import Record
from tests.orchestration.conftest import CONTEXT, MACHINE_ARN, NOW, PLAN, TOPIC_ARN, Account

FRESH = record.new_record("e-1", read_plan(PLAN | {"rtoMinutes": 60}), is_drill=True, now=NOW)
RUNS = record.begun(FRESH, NOW)


def with_wave(before: Record, **change: Any) -> Record:
    return before | {"waves": [before["waves"][0] | change, before["waves"][1]]}


def told(before: Record | None, after: Record) -> list[tuple[str, str, str]]:
    return [(one.what, one.sentence, one.notify) for one in happenings(before, after)]


def test_a_start_and_the_writing_of_the_record_are_two_things() -> None:
    assert told(None, FRESH) == []
    assert told(FRESH, RUNS) == [("Execution Started", "has started.", "start")]


@pytest.mark.parametrize(("operation", "what", "notify"), [("pause", "Paused", "paused"), ("cancel", "Cancelled", "")])
def test_an_operator_s_act_is_told_with_who_and_why(operation: str, what: str, notify: str) -> None:
    after = OPERATIONS[operation](RUNS, note_of(operation, "ops", NOW, reason="change freeze"))
    assert told(RUNS, after) == [(f"Execution {what}", f"was {what.lower()} by ops: change freeze.", notify)]


@pytest.mark.parametrize("status", ["AWAITING_APPROVAL", "AWAITING_OPERATOR"])
def test_a_wave_that_waits_for_people_is_told(status: str) -> None:
    assert told(RUNS, with_wave(RUNS, status=status)) == [("Wave Waiting", f"wave data waits: {status}.", "")]


def test_a_wave_s_end_is_told_and_measured() -> None:
    ended = with_wave(
        RUNS, status="PARTIAL", startedAt="2026-03-01T02:00:00.000Z", endedAt="2026-03-01T02:10:00.500Z",
        servers=[RUNS["waves"][0]["servers"][0] | {"launchStatus": "LAUNCHED"}, RUNS["waves"][0]["servers"][1]],
    )  # fmt: skip
    (happening,) = happenings(RUNS, ended)
    assert happening.sentence == "wave data is PARTIAL: 1 of 2 servers have launched."
    assert happening.measures == {"WaveDuration": ("Seconds", 600.5)}
    assert happening.detail == {
        "executionId": "e-1", "planId": "erp", "planName": "erp", "isDrill": True, "status": "RUNNING", "wave": "data",
        "waveStatus": "PARTIAL",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "measures"),
    [
        ("COMPLETED", {"Executions": ("Count", 1), "RecoveryTime": ("Seconds", 600.0), "RtoMet": ("Count", 1)}),
        ("FAILED", {"Executions": ("Count", 1), "RtoMet": ("Count", 1)}),
    ],
)
def test_an_end_is_measured_by_its_outcome(status: str, measures: dict[str, Any]) -> None:
    (happening,) = happenings(RUNS, RUNS | {"status": status, "recoverySeconds": 600.0, "rtoMet": True})
    assert (happening.what, happening.measures) == ("Execution Finished", measures)


@pytest.fixture
def bus(account: Account) -> Iterator[Stubber]:
    with Stubber(clients.quick_client("events")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def topic(account: Account) -> Iterator[Stubber]:
    with Stubber(clients.quick_client("sns")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def put(bus: Stubber, **answer: Any) -> None:
    entry = {"Source": "recovery.orchestrator", "DetailType": "Recovery Execution Started", "Detail": ANY}
    bus.add_response("put_events", {"FailedEntryCount": 0, "Entries": []} | answer, {"Entries": [entry]})


def begin() -> Any:
    return handler({"action": "begin", "executionId": "e-1"}, CONTEXT)


def test_an_event_goes_to_the_bus_and_nobody_is_notified_who_did_not_ask(
    account: Account, bus: Stubber, topic: Stubber
) -> None:
    account.started(status="PENDING")
    put(bus)
    begin()


def test_people_are_notified_of_what_the_plan_names(account: Account, bus: Stubber, topic: Stubber) -> None:
    account.started(status="PENDING", notify=["start"])
    put(bus)
    message = "Drill of plan erp, execution e-1: has started."
    asked = {"TopicArn": TOPIC_ARN, "Subject": "Drill: execution started", "Message": message}
    topic.add_response("publish", {"MessageId": "m"}, asked)
    begin()


def test_a_bus_and_a_topic_that_refuse_do_not_matter(account: Account, bus: Stubber, topic: Stubber) -> None:
    account.started(status="PENDING", notify=["start"])
    bus.add_client_error("put_events", "AccessDeniedException", "no", 400)
    topic.add_client_error("publish", "AuthorizationError", "no", 403)
    assert begin()["executionId"] == "e-1"
    assert account.record()["status"] == "RUNNING"


def test_an_event_that_the_bus_does_not_take_does_not_matter(account: Account, bus: Stubber) -> None:
    account.started(status="PENDING")
    put(bus, FailedEntryCount=1, Entries=[{"ErrorCode": "InternalFailure"}])
    assert begin()["executionId"] == "e-1"


def test_an_execution_that_was_stopped_is_told_of_by_the_events_function(
    account: Account, bus: Stubber, topic: Stubber
) -> None:
    account.started()
    bus.add_response("put_events", {"FailedEntryCount": 0, "Entries": []})
    message = "Drill of plan erp, execution e-1: has ended: CANCELLED."
    asked = {"TopicArn": TOPIC_ARN, "Subject": "Drill: execution finished", "Message": message}
    topic.add_response("publish", {"MessageId": "m"}, asked)
    detail = {"status": "ABORTED", "name": "e-1", "stateMachineArn": MACHINE_ARN, "cause": "wrong account"}
    events_handler({"detail-type": "Step Functions Execution Status Change", "detail": detail}, CONTEXT)


def test_metrics_have_kind_and_outcome_as_dimensions_and_the_execution_beside_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    outside.measure(FRESH | {"isDrill": False}, {"RecoveryTime": ("Seconds", 600.0)}, outcome="COMPLETED")
    written = json.loads(capsys.readouterr().out)
    (metrics,) = written["_aws"]["CloudWatchMetrics"]
    assert metrics["Namespace"] == "Recovery"
    assert metrics["Metrics"] == [{"Name": "RecoveryTime", "Unit": "Seconds"}]
    assert set(metrics["Dimensions"][0]) == {"kind", "outcome", "service"}
    assert {name: written[name] for name in ("kind", "outcome", "executionId", "planId", "RecoveryTime")} == {
        "kind": "Recovery", "outcome": "COMPLETED", "executionId": "e-1", "planId": "erp", "RecoveryTime": [600.0],
    }  # fmt: skip


def test_more_than_ten_events_are_put_in_several_requests(bus: Stubber) -> None:
    waves = [{"name": f"w{n}", "servers": [f"s-{n:017d}"]} for n in range(12)]
    fresh = record.new_record("e-1", read_plan({"planId": "erp", "waves": waves}), is_drill=True, now=NOW)
    ended = fresh | {"waves": [wave | {"status": "SKIPPED"} for wave in fresh["waves"]]}
    for _ in range(2):
        bus.add_response("put_events", {"FailedEntryCount": 0, "Entries": []})
    outside.tell(fresh, ended)


def test_a_plan_asks_for_what_there_is() -> None:
    with pytest.raises(InvalidPlan, match="notify must be a list of some of start, wave, paused"):
        read_plan(PLAN | {"notify": ["everything"]})
