"""Plans: everything that is wrong with one, told at once, and the order its waves go in."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.plan import InvalidPlan, Wave, in_dependency_order, read_plan

WAVE_FIELDS = "dependsOn, name, pollSeconds, servers, timeoutMinutes"


def server(number: int) -> str:
    return f"s-{number:017d}"


def plan(*waves: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"planId": "erp", "waves": list(waves)} | more


def wave(name: str, *numbers: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "servers": [server(number) for number in numbers]} | more


def flaws(document: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidPlan) as caught:
        read_plan(document)
    return [(flaw.pointer, flaw.message) for flaw in caught.value.flaws]


def test_a_plan_without_flaws_has_its_defaults() -> None:
    read = read_plan(plan(wave("data", 1), wave("app", 2, dependsOn=["data"], timeoutMinutes=1.5, pollSeconds=10)))
    assert (read.plan_id, read.name) == ("erp", "erp")
    assert read.waves == (
        Wave("data", (server(1),), (), 60, 30),
        Wave("app", (server(2),), ("data",), 1.5, 10),
    )


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], [("", "a plan is a JSON object")]),
        (plan(), [("/waves", "a plan needs at least one wave")]),
        (plan(wave("data")), [("/waves/0/servers", "a wave needs at least one source server id")]),
        (
            plan({"name": "data", "servers": ["i-123"]}),
            [("/waves/0/servers/0", "'i-123' is not a source server id (s- and 17 letters or digits)")],
        ),
        (plan(wave("a", 1), wave("a", 2)), [("/waves/1/name", "two waves are called 'a'")]),
        (plan(wave("a", 1, dependsOn=["b"])), [("/waves/0/dependsOn/0", "wave 'a' depends on 'b', which is no wave")]),
        (plan(wave("a", 1), wave("b", 1)), [("/waves/1/servers/0", f"{server(1)} is in wave 'a' and again in wave 'b'")]),
        (
            plan(wave("a", 1, dependsOn=["c"]), wave("b", 2, dependsOn=["a"]), wave("c", 3, dependsOn=["b"])),
            [("/waves", "the waves depend on each other in a cycle: a -> c -> b -> a")],
        ),
        (plan(wave("a", 1, dependsOn=["a"])), [("/waves", "the waves depend on each other in a cycle: a -> a")]),
        (
            plan(wave("a", 1, timeoutMinutes=0, pollSeconds=True)),
            [
                ("/waves/0/timeoutMinutes", "timeoutMinutes must be a number above 0 and at most 1440"),
                ("/waves/0/pollSeconds", "pollSeconds must be a whole number above 0 and at most 3600"),
            ],
        ),
        (
            plan(wave("a", 1, depends=["b"])),
            [
                (
                    "/waves/0/depends",
                    f"a wave has no field 'depends'; it has {WAVE_FIELDS}",
                )
            ],
        ),
    ],
)
def test_each_flaw_is_told_where_it_is(document: Any, expected: list[tuple[str, str]]) -> None:
    assert flaws(document) == expected


def test_all_flaws_are_told_at_once() -> None:
    assert [pointer for pointer, _ in flaws({"planId": "", "waves": [{"name": ""}, 7, wave("x", 1, dependsOn="y")]})] == [
        "/planId", "/waves/0/name", "/waves/0/servers", "/waves/1", "/waves/2/dependsOn",
    ]  # fmt: skip


def test_a_job_takes_a_hundred_servers_and_not_one_more() -> None:
    assert len(read_plan(plan(wave("all", *range(100)))).waves[0].servers) == 100
    ((pointer, message),) = flaws(plan(wave("all", *range(101))))
    assert (pointer, "L-B827C881" in message) == ("/waves/0/servers", True)


graphs = st.integers(1, 8).flatmap(lambda size: st.lists(st.sets(st.integers(0, size - 1)), min_size=size, max_size=size))


@given(graphs)
def test_either_a_cycle_is_found_or_every_wave_comes_after_what_it_depends_on(needs: list[set[int]]) -> None:
    document = plan(*(wave(f"w{n}", n, dependsOn=[f"w{need}" for need in sorted(on)]) for n, on in enumerate(needs)))
    try:
        waves = read_plan(document).waves
    except InvalidPlan as invalid:
        (flaw,) = invalid.flaws
        names = flaw.message.split(": ")[1].split(" -> ")
        assert names[0] == names[-1]
        assert all(int(after[1:]) in needs[int(before[1:])] for before, after in pairwise(names))
        return
    names = [wave.name for wave in waves]
    assert sorted(names) == sorted(f"w{n}" for n in range(len(needs)))
    assert all(names.index(need) < names.index(w.name) for w in waves for need in w.depends_on)


def test_waves_that_need_not_move_stay_where_they_are() -> None:
    waves = [Wave(name, (), depends_on, 60, 30) for name, depends_on in (("b", ()), ("c", ("z",)), ("a", ()), ("z", ()))]
    assert [wave.name for wave in in_dependency_order(waves)] == ["b", "a", "z", "c"]
