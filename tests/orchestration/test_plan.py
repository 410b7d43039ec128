"""Plans: everything that is wrong with one, told at once, and the order and pace of its waves."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orchestration.places import HERE
from orchestration.plan import EVENTS_PER_POLL, EVENTS_PER_WAVE, MAX_EVENTS, InvalidPlan, Plan, Wave, read_plan
from orchestration.plan_checks import Flaw
from orchestration.waves import expected_seconds, polls_until

PLAN_FIELDS = (
    "account, cleanUpDrill, externalId, failback, launchConfiguration, name, notify, planId, region, roleArn, roleName, "
    "rtoMinutes, waves"
)


def server(number: int) -> str:
    return f"s-{number:017d}"


def plan(*waves: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"planId": "erp", "waves": list(waves), **fields}


def wave(name: str, number: int, *depends_on: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "servers": [server(number)], "dependsOn": list(depends_on), **fields}


def flaws(document: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidPlan) as caught:
        read_plan(document)
    return [(flaw.pointer, flaw.message) for flaw in caught.value.flaws]


def test_a_plan_gets_defaults_for_what_it_leaves_out() -> None:
    data = Wave(
        name="data",
        servers=(server(1),),
        depends_on=(),
        timeout_minutes=60,
        poll_seconds=15,
        poll_ceiling_seconds=300,
        expected_share=1,
        on_failure="stop",
        retries=0,
        optional=(),
        minimum_healthy_share=1,
        approval=None,
        place=HERE,
        tags=None,
        launch_configuration=None,
        pauses_before=False,
        rto_minutes=None,
        steps=(),
        condition=None,
    )
    plan_of_one = Plan("erp", "erp", (data,), rto_minutes=None, cleans_up_drill=False, notify=(), failback_minutes=None)
    assert read_plan({"planId": "erp", "waves": [{"name": "data", "servers": [server(1)]}]}) == plan_of_one


def test_waves_go_after_what_they_depend_on_and_otherwise_as_listed() -> None:
    ordered = read_plan(plan(wave("web", 1, "app"), wave("mail", 2), wave("app", 3, "data"), wave("data", 4), wave("bi", 5)))
    assert [wave.name for wave in ordered.waves] == ["mail", "data", "app", "web", "bi"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], [("", "a plan is a JSON object")]),
        (plan(), [("/waves", "a plan needs at least one wave")]),
        ({"planId": "erp"}, [("/waves", "a plan needs at least one wave")]),
        ({"waves": []}, [
            ("/planId", "planId must be a text of 1 to 128 characters"),
            ("/waves", "a plan needs at least one wave"),
        ]),
        (plan({"name": "data", "servers": []}), [("/waves/0/servers", "a wave needs at least one source server id")]),
        (plan({"name": "data"}), [("/waves/0/servers", "a wave needs at least one source server id")]),
        ({"planId": "erp", "waves": ["data"]}, [("/waves/0", "a wave is a JSON object")]),
        (plan(wave("data", 1), color="red"), [
            ("/color", f"a plan has no field 'color'; it has {PLAN_FIELDS}")
        ]),
        (plan(wave("data (1)", 1)), [
            ("/waves/0/name", "a wave needs a name of 1 to 128 letters, digits, spaces and _ . : / = + @ -")
        ]),
        (plan(wave("a", 1), wave("a", 2)), [("/waves/1/name", "two waves are called 'a'")]),
        (plan(wave("a", 1, "b")), [("/waves/0/dependsOn/0", "wave 'a' depends on 'b', which is no wave")]),
        (plan(wave("a", 1) | {"dependsOn": "b"}), [("/waves/0/dependsOn", "dependsOn must be a list of wave names")]),
        (plan(wave("a", 1, "b"), wave("b", 2, "a")), [("/waves", "the waves depend on each other in a cycle: a -> b -> a")]),
        (plan(wave("a", 1, "a")), [("/waves", "the waves depend on each other in a cycle: a -> a")]),
        (plan(wave("z", 1, "a"), wave("a", 2, "b"), wave("b", 3, "c"), wave("c", 4, "a")), [
            ("/waves", "the waves depend on each other in a cycle: a -> b -> c -> a")
        ]),
        (plan(wave("a", 1), wave("b", 1)), [
            ("/waves/1/servers/0", f"{server(1)} is in wave 'a' and again in wave 'b'")
        ]),
        (plan({"name": "a", "servers": ["i-0123456789abcdef0"]}), [
            ("/waves/0/servers/0", "'i-0123456789abcdef0' is not a source server id (s- and 17 letters or digits)")
        ]),
        (plan({"name": "a", "servers": [server(n) for n in range(101)]}), [
            ("/waves/0/servers", "a wave is one DRS job, which takes at most 100 servers (quota L-B827C881), not 101")
        ]),
        (plan(wave("a", 1, timeoutMinutes=0, pollSeconds=2.5)), [
            ("/waves/0/timeoutMinutes", "timeoutMinutes must be a number from 0.1 to 1440"),
            ("/waves/0/pollSeconds", "pollSeconds must be a whole number from 1 to 3600"),
        ]),
        (plan(wave("a", 1, timeoutMinutes=True)), [
            ("/waves/0/timeoutMinutes", "timeoutMinutes must be a number from 0.1 to 1440")
        ]),
        (plan(*(wave(f"w{n}", n, timeoutMinutes=1440) for n in range(8))), [
            ("/waves", "the waves' timeouts, retries, approvals, runbooks and checks add up to 192 hours; 168 are possible")
        ]),
        (plan(*(wave(f"w{n}", n) for n in range(101))), [("/waves", "a plan has at most 100 waves, not 101")]),
        (plan(*({"name": f"w{w}", "servers": [server(w * 100 + n) for n in range(100)]} for w in range(41))), [
            ("/waves", "an account has at most 4000 source servers (quota L-E28BE5E0), not 4100")
        ]),
    ],
)  # fmt: skip
def test_a_flaw_is_named_with_its_place(document: Any, expected: list[tuple[str, str]]) -> None:
    assert flaws(document) == expected


def test_every_flaw_is_told_at_once() -> None:
    document = plan(
        {"name": "", "servers": ["db-01"]}, {"name": "app", "servers": [], "pollSeconds": 0}, planId=7, name="\n"
    )
    assert [pointer for pointer, _ in flaws(document)] == [
        "/planId", "/name", "/waves/0/name", "/waves/0/servers/0", "/waves/1/servers", "/waves/1/pollSeconds",
    ]  # fmt: skip


def test_more_than_500_servers_are_fine_in_waves_that_fit_a_job() -> None:
    waves = [{"name": f"w{w}", "servers": [server(w * 100 + n) for n in range(100)]} for w in range(6)]
    assert len(read_plan(plan(*waves)).waves) == 6


def test_polls_that_fit_the_history_stay_as_asked_for() -> None:
    waves = read_plan(plan(*(wave(f"w{n}", n) for n in range(30)))).waves
    assert {(wave.poll_seconds, wave.poll_ceiling_seconds) for wave in waves} == {(15, 300)}


def test_polls_are_stretched_until_they_fit_the_history() -> None:
    waves = read_plan(plan(*(wave(f"w{n}", n) for n in range(100)))).waves
    assert {(wave.poll_seconds, wave.poll_ceiling_seconds) for wave in waves} == {(384, 7_665)}


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(1, 3_600), st.integers(0, 5)), min_size=1, max_size=100))
def test_polls_always_fit_the_history(times: list[tuple[int, int, int]]) -> None:
    asked = [wave(f"w{n}", n, timeoutMinutes=t, pollSeconds=p, retries=r) for n, (t, p, r) in enumerate(times)]
    assume(sum(t * (r + 1) for t, _, r in times) <= 7 * 24 * 60)
    waves = read_plan(plan(*asked)).waves
    polls = sum(
        (wave.retries + 1)
        * polls_until(wave.timeout_minutes * 60, expected_seconds(1), wave.poll_seconds, wave.poll_ceiling_seconds)
        for wave in waves
    )
    assert polls * EVENTS_PER_POLL + len(waves) * EVENTS_PER_WAVE <= MAX_EVENTS
    assert all(wave.poll_seconds >= given["pollSeconds"] for wave, given in zip(waves, asked, strict=True))


@pytest.mark.parametrize(
    ("fields", "pointer", "message"),
    [
        ({"onFailure": "halt"}, "/onFailure", "onFailure must be one of stop, continue, pause"),
        ({"retries": 6}, "/retries", "retries must be a whole number from 0 to 5"),
        ({"minimumHealthyShare": 0}, "/minimumHealthyShare", "minimumHealthyShare must be a number from 0.01 to 1"),
        ({"optional": [server(9)]}, "/optional/0", f"'{server(9)}' is no server of the wave"),
        ({"optional": "all"}, "/optional", "optional must be a list of source server ids"),
        ({"approval": True}, "/approval", "approval is a JSON object"),
        ({"approval": {"default": "approve"}}, "/approval/timeoutMinutes", "an approval needs timeoutMinutes"),
        (
            {"approval": {"timeoutMinutes": 5, "default": "maybe"}},
            "/approval/default",
            "default must be one of approve, refuse",
        ),
    ],
)
def test_a_policy_that_cannot_be_is_named_with_its_place(fields: dict[str, Any], pointer: str, message: str) -> None:
    assert flaws(plan(wave("a", 1, **fields))) == [(f"/waves/0{pointer}", message)]


@pytest.mark.parametrize(
    ("fields", "flaw"),
    [
        ({"rtoMinutes": 0}, ("/rtoMinutes", "rtoMinutes must be a number from 0.1 to 10080")),
        ({"cleanUpDrill": 1}, ("/cleanUpDrill", "cleanUpDrill must be true or false")),
    ],
)
def test_a_plan_s_own_fields_are_checked_too(fields: dict[str, Any], flaw: tuple[str, str]) -> None:
    assert flaws(plan(wave("a", 1), **fields)) == [flaw]


NAMES = st.integers(1, 8).flatmap(
    lambda count: st.lists(st.lists(st.integers(0, count - 1), max_size=3, unique=True), min_size=count, max_size=count)
)


@given(NAMES)
def test_any_graph_is_either_put_in_order_or_refused_with_a_cycle_that_it_has(graph: list[list[int]]) -> None:
    document = plan(*(wave(f"w{n}", n, *(f"w{need}" for need in needs)) for n, needs in enumerate(graph)))
    try:
        names = [wave.name for wave in read_plan(document).waves]
    except InvalidPlan as invalid:
        (flaw,) = invalid.flaws
        cycle = [int(name.removeprefix("w")) for name in flaw.message.partition(": ")[2].split(" -> ")]
        assert cycle[0] == cycle[-1]
        assert all(need in graph[node] for node, need in pairwise(cycle))
    else:
        place = {name: index for index, name in enumerate(names)}
        assert sorted(names) == [f"w{n}" for n in range(len(graph))]
        assert all(place[f"w{need}"] < place[f"w{n}"] for n, needs in enumerate(graph) for need in needs)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from([server(1), "a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["planId", "name", "waves", "servers", "dependsOn", "timeoutMinutes", "x"]), inner)
    ),
    max_leaves=20,
)


@given(JSON)
def test_no_document_does_more_than_be_refused(document: Any) -> None:
    try:
        read_plan(document)
    except InvalidPlan as invalid:
        assert all(isinstance(flaw, Flaw) and flaw.message for flaw in invalid.flaws)  # noqa: PT017
