"""How long jobs take, and that nobody's luck depends on anybody else."""

from dataclasses import replace
from statistics import median

import pytest

from simulator.drs.settings import PROFILES, Distribution, Profile, Scaling, Settings
from tests.drs.traces import seconds
from tests.drs.world import HOUR, PINNED, START, World, pinned


def durations(world: World, job_id: str, phase: str) -> list[float]:
    """How long each server of a job took for a phase."""
    offsets = {text: at for at, text in world.offsets(job_id)}
    names = [text.split()[1] for text in offsets if text.startswith(f"{phase}_START")]
    return [round(offsets[f"{phase}_END {name}"] - offsets[f"{phase}_START {name}"], 3) for name in names]


def test_the_default_medians_add_up_to_about_nine_minutes_for_two_servers() -> None:
    took = []
    for seed in range(60):
        world = World(Settings(rates=None), seed)
        took.append(seconds(world.recover(*world.add("db-1", "db-2"))))
    assert median(took) == pytest.approx(542, rel=0.1)
    assert min(took) > 250
    assert max(took) < 1500


def test_twenty_five_servers_take_half_an_hour_and_start_in_ec2_within_a_minute_near_the_end() -> None:
    took, spreads, before_end = [], [], []
    for seed in range(25):
        world = World(Settings(rates=None), seed)
        servers = world.add(*(f"app-{number}" for number in range(25)))
        job_id = world.start(*servers)
        world.pass_seconds(3 * HOUR)
        took.append(seconds(world.job(job_id)))
        starts = [
            entry.at_ms / 1000
            for entry in world.journal
            if entry.event.kind == "drs.instance" and entry.event.state == "PENDING"  # type: ignore[union-attr]
        ]
        spreads.append(max(starts) - min(starts))
        before_end.append(took[-1] - median(starts))
    assert 1300 < median(took) < 1800
    assert median(spreads) < 60
    assert 30 < median(before_end) < 110


def test_servers_of_a_job_convert_together_and_launch_each_for_itself() -> None:
    world = World(Settings(rates=None, log_lag=Distribution(0)))
    job_id = world.start(*world.add("db-1", "db-2", "db-3"))
    world.pass_seconds(2 * HOUR)
    offsets = {text: at for at, text in world.offsets(job_id)}
    ends = [offsets[f"CONVERSION_END {name}"] for name in ("db-1", "db-2", "db-3")]
    assert ends[1] - ends[0] == pytest.approx(0.06)
    assert ends[2] - ends[1] == pytest.approx(0.06)
    launches = durations(world, job_id, "LAUNCH")
    assert len(set(launches)) == 3
    assert max(launches) - min(launches) < 6


@pytest.mark.parametrize(
    ("servers", "volume_gib", "factor"),
    [(1, 8, 0.92), (2, 8, 1.0), (10, 8, 1.64), (25, 8, 2.84), (100, 8, 5.09), (2, 16, 1.05), (2, 1024, 1.35), (2, 4, 1.0)],
)
def test_conversion_and_launch_grow_with_servers_and_volumes(servers: int, volume_gib: int, factor: float) -> None:
    assert Scaling().factor(servers, volume_gib) == pytest.approx(factor)


def test_a_larger_volume_takes_longer_to_convert() -> None:
    def conversion(volume_gib: int) -> float:
        world = World(Settings(rates=None, log_lag=Distribution(0)))
        job_id = world.start(*world.add("db-1", volume_gib=volume_gib))
        world.pass_seconds(2 * HOUR)
        return durations(world, job_id, "CONVERSION")[0]

    assert conversion(1024) / conversion(8) == pytest.approx(1.35, rel=0.001)


def test_a_pinned_latency_is_taken_as_it_is_whatever_the_size_of_the_job() -> None:
    world = World()
    job_id = world.start(*world.add(*(f"app-{number}" for number in range(30)), volume_gib=500))
    world.pass_seconds(HOUR)
    assert set(durations(world, job_id, "LAUNCH")) == {278}
    assert durations(world, job_id, "CONVERSION")[0] == 197.5


def test_a_single_phase_of_a_profile_can_be_overridden() -> None:
    profile = replace(PINNED, conversion=Distribution(1000))
    world = World(pinned(profiles={"mine": profile}))
    job = world.recover(*world.add("db-1", profile="mine"))
    assert durations(world, job["jobID"], "CONVERSION") == [1000]
    assert durations(world, job["jobID"], "LAUNCH") == [278]


def test_windows_and_extended_servers_take_longer_than_linux() -> None:
    def total(profile: str) -> float:
        medians = {name: Distribution(getattr(PROFILES[profile], name).median_seconds) for name in Profile.__slots__}
        world = World(pinned(profiles={profile: Profile(**medians)}))
        return seconds(world.recover(*world.add("a", profile=profile)))

    assert total("linux-direct") == pytest.approx(542, abs=1)
    assert total("windows-direct") == pytest.approx(627, abs=1)
    assert total("extended") == pytest.approx(1797, abs=1)


def test_a_job_is_as_slow_as_its_slowest_kind_of_server_up_to_the_launch() -> None:
    slow = replace(PINNED, queue=Distribution(100), conversion=Distribution(400))
    world = World(pinned(profiles={"fast": PINNED, "slow": slow}))
    job = world.recover(*world.add("a", profile="fast"), *world.add("b", profile="slow"))
    offsets = {text: at for at, text in world.offsets(job["jobID"])}
    assert offsets["CONVERSION_END a"] == pytest.approx(0.357 + 0.4 + 0.215 + 100 + 400, abs=0.01)
    assert offsets["CONVERSION_END b"] - offsets["CONVERSION_END a"] == pytest.approx(0.06)


def test_another_server_or_job_shifts_nobody_elses_draws() -> None:
    def launches(*more: str) -> list[tuple[float, str]]:
        world = World(Settings(rates=None, log_lag=Distribution(0)))
        for name in more:
            (extra,) = world.add(name)
            world.start(extra)
        servers = world.add("db-1", "db-2")
        job_id = world.start(*servers)
        world.pass_seconds(2 * HOUR)
        return world.offsets(job_id)

    assert launches() == launches("another", "and-one-more")


def test_a_server_added_to_a_job_keeps_the_other_servers_own_luck() -> None:
    steady = Settings(rates=None, log_lag=Distribution(0), scaling=Scaling(server_share=0, crowd_share=0))

    def launch_seconds(*names: str) -> dict[str, float]:
        world = World(steady)
        job_id = world.start(*world.add(*names))
        world.pass_seconds(2 * HOUR)
        return dict(zip(names, durations(world, job_id, "LAUNCH"), strict=True))

    three, four = launch_seconds("db-1", "db-2", "db-3"), launch_seconds("db-1", "db-2", "db-3", "db-4")
    order = sorted(three, key=three.__getitem__)
    assert sorted(order, key=four.__getitem__) == order


def test_the_same_seed_gives_the_same_job_and_another_seed_another() -> None:
    def run(seed: int) -> tuple[str, list[tuple[float, str]], str]:
        world = World(Settings(rates=None), seed)
        (server,) = world.add("db-1")
        job_id = world.start(server)
        world.pass_seconds(2 * HOUR)
        return job_id, world.offsets(job_id), server.id

    assert run(1) == run(1)
    first, second = run(1), run(2)
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert first[2] == second[2]  # the server is the same one


def test_each_recovery_of_a_server_has_luck_of_its_own() -> None:
    world = World(Settings(rates=None))
    servers = world.add("db-1")
    first, second = (seconds(world.recover(*servers)) for _ in range(2))
    assert first != second


@pytest.mark.parametrize(("median_seconds", "p95_seconds"), [(-1, None), (5, 4)])
def test_a_latency_that_cannot_be_is_refused(median_seconds: float, p95_seconds: float | None) -> None:
    with pytest.raises(ValueError, match="0 <= median <= p95"):
        Distribution(median_seconds, p95_seconds)


def test_a_distribution_has_its_median_and_its_95th_percentile() -> None:
    assert Distribution(190, 420).at(0) == 190
    assert Distribution(190, 420).at(1.6448536269514722) == pytest.approx(420)
    assert Distribution(5).at(3) == 5


@pytest.mark.parametrize("_way", ["in process"], indirect=True)  # calls over HTTP are no process of the clock
def test_api_calls_take_virtual_time_in_a_process_and_none_outside() -> None:
    world = World(pinned(read_latency=Distribution(0.12), write_latency=Distribution(0.35)))
    world.add("db-1")
    world.call("DescribeSourceServers")
    assert world.clock.now_ms == 0
    instants: list[int] = []

    def process() -> None:
        world.call("DescribeSourceServers")
        instants.append(world.clock.now_ms)
        world.call("TagResource", resourceArn=world.region.state.server_named("db-1").arn, tags={"a": "b"})
        instants.append(world.clock.now_ms)

    world.clock.spawn("caller", process)
    world.pass_seconds(1)
    assert instants == [120, 470]


def test_log_items_and_instances_are_seen_only_after_a_while() -> None:
    world = World(pinned(log_lag=Distribution(4), instance_lag=Distribution(6)))
    job_id = world.start(*world.add("db-1"))
    world.pass_seconds(4)
    assert world.trace(job_id) == []
    world.pass_seconds(0.5)
    assert world.trace(job_id) == ["JOB_START"]
    world.pass_seconds(0.4 + 0.2 + 52 + 197.5 + 0.5 + 278)
    assert world.statuses(world.job(job_id)) == {"db-1": "LAUNCHED"}
    assert world.instances() == []
    world.pass_seconds(6)
    assert len(world.instances()) == 1
    assert world.trace(job_id)[-1] == "JOB_END"


@pytest.mark.parametrize("seed", range(5))
def test_log_items_are_never_seen_out_of_order(seed: int) -> None:
    world = World(pinned(log_lag=Distribution(1, 30)), seed)
    job_id = world.start(*world.add("db-1", "db-2"))
    world.pass_seconds(HOUR)
    seen_ms = [item.visible_ms for item in world.region.state.jobs[job_id].log]
    assert len(seen_ms) == 14
    assert seen_ms == sorted(seen_ms)


def test_the_order_in_which_servers_are_named_changes_no_luck() -> None:
    def run(*names: str) -> tuple[str, tuple[float, str]]:
        world = World(Settings(rates=None))
        servers = dict(zip(("a", "b"), world.add("a", "b"), strict=True))
        job_id = world.start(*(servers[name] for name in names))
        world.pass_seconds(HOUR)
        return job_id, world.offsets(job_id)[0]

    assert run("a", "b") == run("b", "a")


def test_without_the_barrier_conversions_differ_by_a_few_percent() -> None:
    world = World(Settings(rates=None, log_lag=Distribution(0), phase_barrier=False))
    job_id = world.start(*world.add(*(f"app-{number}" for number in range(20))))
    world.pass_seconds(3 * HOUR)
    conversions = durations(world, job_id, "CONVERSION")
    assert len(set(conversions)) == 20
    assert 1.05 < max(conversions) / min(conversions) < 1.5


@pytest.mark.parametrize("_way", ["in process"], indirect=True)  # calls over HTTP are no process of the clock
def test_each_call_of_an_operation_takes_a_time_of_its_own() -> None:
    world = World(pinned(read_latency=Distribution(0.12, 0.45)))
    instants: list[int] = []

    def process() -> None:
        for _ in range(5):
            world.call("DescribeJobs")
            instants.append(world.clock.now_ms)

    world.clock.spawn("caller", process)
    world.pass_seconds(60)
    waits = [after - before for before, after in zip([0, *instants], instants, strict=False)]
    assert len(set(waits)) == 5


def test_the_run_may_start_at_any_instant() -> None:
    world = World()
    world.pass_seconds(90)
    job = world.job(world.start(*world.add("db-1")))
    assert job["creationDateTime"] == "2026-03-01T02:01:30.000000+00:00"
    assert START.isoformat() == "2026-03-01T02:00:00+00:00"
