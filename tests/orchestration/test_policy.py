"""When a wave's turn comes, what follows its end, and how the whole ends."""

from typing import Any

import pytest

from orchestration import policy

LAUNCHED = {"launchStatus": "LAUNCHED"}
FAILED = {"launchStatus": "FAILED"}


def wave(name: str, status: str = "NOT_STARTED", *depends_on: str, servers: int = 1, **more: Any) -> dict[str, Any]:
    launch = {"LAUNCHED": LAUNCHED, "FAILED": FAILED}.get(status, {"launchStatus": "PENDING"})
    return {"name": name, "status": status, "dependsOn": list(depends_on), "servers": [launch] * servers, **more}


def record(*waves: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"executionId": "e", "status": "RUNNING", "waves": list(waves), **more}


def turn(subject: dict[str, Any], *others: dict[str, Any], **more: Any) -> tuple[str, str] | None:
    return policy.turn_of(record(*others, subject, **more), subject)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (wave("a", "LAUNCHED"), ("START", "")),
        (wave("a", "PARTIAL"), ("START", "")),
        (wave("a", "FAILED", isAccepted=True), ("START", "")),
        (wave("a", "SKIPPED", isSkippedByOperator=True), ("START", "")),
        (wave("a", "RUNNING"), None),
        (wave("a", "AWAITING_OPERATOR"), None),
        (wave("a", "RETRYING"), None),
        (wave("a", "FAILED"), ("SKIP", "it depends on a, which did not launch")),
        (wave("a", "TIMED_OUT"), ("SKIP", "it depends on a, which did not launch")),
        (wave("a", "SKIPPED"), ("SKIP", "it depends on a, which did not launch")),
    ],
)
def test_a_wave_s_turn_hangs_on_how_the_one_before_it_ended(
    before: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    assert turn(wave("b", "NOT_STARTED", "a"), before) == expected


def test_waves_that_do_not_depend_on_each_other_start_at_the_same_time() -> None:
    waves = [wave(name, turnToken=name) for name in ("a", "b")]
    assert [(token, output["decision"]) for _, token, output in policy.answers(record(*waves))] == [
        ("a", "START"),
        ("b", "START"),
    ]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"paused": {"by": "ops"}}, None),
        ({"cancelled": {"by": "ops"}}, ("SKIP", "the execution was cancelled")),
        ({"paused": {"by": "ops"}, "cancelled": {"by": "ops"}}, ("SKIP", "the execution was cancelled")),
        ({"stoppedBy": "x"}, ("SKIP", "wave x failed, which stops the plan")),
    ],
)
def test_what_holds_the_execution_back_holds_its_waves_back(more: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert turn(wave("a"), **more) == expected


@pytest.mark.parametrize(
    ("decided", "expected"),
    [({}, ("APPROVE", "wave a needs approval")), ({"approved": True}, ("START", "")),
     ({"approved": False}, ("SKIP", "its approval was refused"))],
)  # fmt: skip
def test_a_wave_that_needs_approval_starts_with_it_alone(decided: dict[str, Any], expected: tuple[str, str]) -> None:
    assert turn(wave("a", approval={"timeoutMinutes": 5, "default": True}, **decided)) == expected


def test_waves_wait_while_drs_has_no_room_for_their_servers() -> None:
    running = [wave(f"r{n}", "RUNNING", servers=100) for n in range(4)]
    assert turn(wave("a", servers=100), *running) == ("START", "")
    assert turn(wave("a", servers=100), *running, wave("r4", "RETRYING")) is None
    assert turn(wave("a"), *(wave(f"r{n}", "RUNNING") for n in range(20))) is None


def test_two_waves_share_the_room_that_there_is() -> None:
    running = [wave(f"r{n}", "RUNNING", servers=100) for n in range(4)]
    waiting = [wave(name, servers=100, turnToken=name) for name in ("a", "b")]
    assert [token for _, token, _ in policy.answers(record(*running, *waiting))] == ["a"]


@pytest.mark.parametrize(
    ("servers", "more", "expected"),
    [
        ([LAUNCHED, LAUNCHED], {}, "LAUNCHED"),
        ([LAUNCHED, FAILED], {}, "FAILED"),
        ([LAUNCHED, FAILED | {"isOptional": True}], {}, "PARTIAL"),
        ([FAILED, LAUNCHED | {"isOptional": True}], {}, "FAILED"),
        ([LAUNCHED, FAILED], {"minimumHealthyShare": 0.5}, "PARTIAL"),
        ([LAUNCHED, FAILED, FAILED], {"minimumHealthyShare": 0.5}, "FAILED"),
        ([FAILED | {"isOptional": True}], {}, "FAILED"),
        ([FAILED], {"minimumHealthyShare": 0.01}, "FAILED"),
    ],
)
def test_what_must_launch_decides_on_a_wave(servers: list[dict[str, Any]], more: dict[str, Any], expected: str) -> None:
    assert (
        policy.outcome_of({"status": "RUNNING", "servers": servers, "minimumHealthyShare": 1, **more}, is_timed_out=False)
        == expected
    )
    timed_out = policy.outcome_of(
        {"status": "RUNNING", "servers": servers, "minimumHealthyShare": 1, **more}, is_timed_out=True
    )
    assert timed_out == ("TIMED_OUT" if expected == "FAILED" else expected)


@pytest.mark.parametrize(
    ("outcome", "wave", "expected"),
    [
        ("LAUNCHED", {"retries": 2}, "LAUNCHED"),
        ("FAILED", {"retries": 2, "attempt": 2}, "RETRYING"),
        ("FAILED", {"retries": 2, "attempt": 3}, "FAILED"),
        ("FAILED", {"retries": 1, "attempt": 2, "onFailure": "pause"}, "AWAITING_OPERATOR"),
        ("TIMED_OUT", {"retries": 2, "attempt": 1}, "TIMED_OUT"),
        ("TIMED_OUT", {"onFailure": "pause"}, "AWAITING_OPERATOR"),
        ("PARTIAL", {"onFailure": "pause"}, "PARTIAL"),
    ],
)
def test_what_follows_a_job_s_end_is_in_the_plan(outcome: str, wave: dict[str, Any], expected: str) -> None:
    assert policy.following(wave, outcome) == expected


@pytest.mark.parametrize(
    ("waves", "more", "expected"),
    [
        ([wave("a", "LAUNCHED")], {}, "COMPLETED"),
        ([wave("a", "LAUNCHED"), wave("b", "FAILED", isAccepted=True)], {}, "PARTIAL"),
        ([wave("a", "LAUNCHED"), wave("b", "SKIPPED", isSkippedByOperator=True)], {}, "PARTIAL"),
        ([wave("a", "FAILED", isAccepted=True)], {}, "FAILED"),
        ([wave("a", "LAUNCHED"), wave("b", "FAILED")], {"stoppedBy": "b"}, "FAILED"),
        ([wave("a", "LAUNCHED"), wave("b", "TIMED_OUT"), wave("c", "SKIPPED")], {"stoppedBy": "b"}, "TIMED_OUT"),
        ([wave("a", "LAUNCHED"), wave("b", "SKIPPED")], {}, "FAILED"),
        ([wave("a", "LAUNCHED")], {"cancelled": {"by": "ops"}}, "CANCELLED"),
    ],
)
def test_the_outcome_is_never_better_than_the_waves(
    waves: list[dict[str, Any]], more: dict[str, Any], expected: str
) -> None:
    assert policy.outcome(record(*waves, **more)) == expected


@pytest.mark.parametrize(
    ("wave_now", "more", "expected"),
    [
        (wave("a", "AWAITING_OPERATOR", operatorToken="t"), {}, []),
        (wave("a", "AWAITING_OPERATOR", operatorToken="t"), {"cancelled": {}}, [("t", {"decision": "GIVE_UP"})]),
        (wave("a", "RETRYING", operatorToken="t"), {}, [("t", {"decision": "RETRY"})]),
        (wave("a", "FAILED", operatorToken="t", isAccepted=True), {}, [("t", {"decision": "CONTINUE"})]),
        (wave("a", "AWAITING_APPROVAL", approvalToken="t"), {}, []),
        (wave("a", "AWAITING_APPROVAL", approvalToken="t", approved=True), {}, [("t", {})]),
        (wave("a", "AWAITING_APPROVAL", approvalToken="t"), {"cancelled": {}}, [("t", {})]),
    ],
)
def test_who_waits_for_a_person_is_told_what_was_decided(
    wave_now: dict[str, Any], more: dict[str, Any], expected: list[Any]
) -> None:
    assert [told for _, *told in policy.answers(record(wave_now, **more))] == [[*one] for one in expected]
