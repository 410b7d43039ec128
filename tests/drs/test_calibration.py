"""Profiles fitted to recorded jobs: which samples jobs give, and what few samples allow."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest

from simulator.drs.calibration.captures import CapturedLog, read_capture
from simulator.drs.calibration.fitting import Fit, fit, fit_all
from simulator.drs.calibration.matching import Matched, Recorded, match
from simulator.drs.calibration.samples import samples_of
from simulator.drs.settings import PROFILES, Distribution, Latency, Profile, Scaling, Settings
from tests.drs.captured import DRILL, DRILL_LOG, INSTANCES, SERVERS, answer, at, captured, described, logged, of_world
from tests.drs.world import HOUR, NO_LAG, World

NO_LAUNCHES: Mapping[str, datetime] = {}


def measured(*documents: Any) -> dict[Latency, list[float]]:
    """The samples in some documents, rounded to milliseconds."""
    capture = captured(*documents)
    matched = match(capture.jobs, capture.logs)
    assert not matched.problems
    by_phase = samples_of(matched.jobs, capture.launched, Scaling()).by_phase
    return {phase: [round(sample, 3) for sample in samples] for phase, samples in by_phase.items() if samples}


def test_each_phase_of_a_drill_is_measured_once() -> None:
    assert measured(answer([described()]), answer(logged())) == {
        "pending": [0.357],
        "snapshot": [0.191],
        "queue": [51.942],
        "conversion": [pytest.approx(197.532 / 1.0299, rel=0.001)],  # the slower of two conversions that differ by 5 %
        "launch": [
            pytest.approx(278.7245 - 1, abs=0.001)
        ],  # the middle of launches that end within two seconds of each other
        "finish": [2.777],
    }


def test_jobs_and_log_items_may_stand_in_one_list() -> None:
    assert measured(answer([described(), *logged()])) == measured(answer([described()]), answer(logged()))
    assert measured([*logged(), described()]) == measured(answer([described()]), answer(logged()))


def test_a_log_without_its_job_still_tells_all_but_the_wait_before_it() -> None:
    with_job, without = measured(answer([described()]), answer(logged())), measured(answer(logged()))
    assert set(with_job) - set(without) == {"pending"}
    assert without["launch"] == with_job["launch"]


def test_launch_times_of_instances_tell_how_long_they_boot() -> None:
    launched = [{"InstanceId": name, "LaunchTime": at(480)} for name in INSTANCES]
    reservations = {"Reservations": [{"Instances": launched[:1]}, {"Instances": launched[1:]}]}
    assert measured(answer(logged()), reservations)["boot"] == [pytest.approx(49.827)]


def test_a_termination_is_measured_from_clean_up_to_clean_up() -> None:
    items = [(0.4, "JOB_START", None), (0.8, "CLEANUP_START", 0), (150.8, "CLEANUP_END", 0), (150.9, "JOB_END", None)]
    job = described(type="TERMINATE", ended=150.87, participatingServers=[])
    assert measured(answer([job]), answer(logged(items))) == {"pending": [0.4], "terminate": [150]}
    assert measured(answer(logged(items))) == {"terminate": [150]}


def test_clean_up_of_an_earlier_instance_counts_apart_from_terminations() -> None:
    items = [(0.5, "CLEANUP_START", 0), (75.5, "CLEANUP_END", 0), *DRILL_LOG[1:5]]
    assert measured(answer(logged(items))) == {"cleanup": [75], "snapshot": [0.191]}


def test_a_phase_that_failed_is_no_sample_and_a_repeated_one_counts_from_its_last_beginning() -> None:
    items = [
        (1, "CONVERSION_START", 0), (2, "CONVERSION_START", 1), (50, "CONVERSION_FAIL", 0), (60, "CONVERSION_FAIL", 1),
        (70, "CONVERSION_START", 1), (170, "CONVERSION_END", 1), (171, "LAUNCH_START", 1), (300, "LAUNCH_FAILED", 1),
        (303, "JOB_END", None),
    ]  # fmt: skip
    found = measured(answer(logged(items)))
    assert found == {"conversion": [pytest.approx(100 / 1.0299, rel=0.001)], "finish": [3]}


def test_a_job_that_still_runs_counts_as_far_as_it_went() -> None:
    job = described(ended=None)
    assert set(measured(answer([job]), answer(logged(DRILL_LOG[:9])))) == {"pending", "snapshot", "queue", "conversion"}


def test_a_fallback_to_an_earlier_snapshot_ends_the_snapshot_too() -> None:
    items = [
        (1, "SNAPSHOT_START", 0), (2, "SNAPSHOT_FAIL", 0), (2.5, "USING_PREVIOUS_SNAPSHOT", 0), (60, "CONVERSION_START", 0),
    ]  # fmt: skip
    assert measured(answer(logged(items))) == {"queue": [57.5]}


def test_servers_that_do_not_wait_for_each_other_queue_each_for_itself() -> None:
    items = [
        (1, "SNAPSHOT_END", 0), (50, "CONVERSION_START", 0), (100, "SNAPSHOT_END", 1), (151, "CONVERSION_START", 1),
    ]  # fmt: skip
    assert measured(answer(logged(items))) == {"queue": [50]}


def matched(*documents: Any, log_ids: Sequence[str | None] = ()) -> Matched:
    capture = captured(*documents)
    logs = [
        CapturedLog(log.items, identifier, log.where)
        for log, identifier in zip(capture.logs, log_ids or [None] * len(capture.logs), strict=True)
    ]
    return match(capture.jobs, logs)


def test_a_log_belongs_to_the_job_that_had_its_servers_at_that_time() -> None:
    other = described("drsjob-5ffffffffffffffff", begun=1000)
    found = matched(answer([other, described()]), answer(logged()), answer(logged(begun=1000)))
    assert [(job.job.id if job.job else None, len(job.items)) for job in found.jobs] == [(DRILL, 14), (other["jobID"], 14)]
    assert (found.notes, found.problems) == ([], [])


def test_a_log_that_fits_no_job_or_several_is_told_of() -> None:
    twin = described("drsjob-5ffffffffffffffff")
    none, several = (
        matched(answer([described(begun=3600)]), answer(logged())),
        matched(answer([described(), twin]), answer(logged())),
    )
    assert [note.message.split(";")[0] for note in none.notes] == ["this log fits no described job"]
    assert [note.message.split(";")[0] for note in several.notes] == ["this log fits several described jobs"]
    assert none.notes[0].hint == "put the job's id into the file's name, or say --job drsjob-...=FILE"


def test_pages_of_a_log_are_put_together_and_items_count_once() -> None:
    items = logged()
    found = matched(answer([described()]), answer(items[:9]), answer(items[6:]))
    assert [len(job.items) for job in found.jobs] == [14]


def test_a_job_described_twice_counts_as_it_ended() -> None:
    found = matched(answer([described(ended=None)]), answer([described()]), answer([described(ended=None)]))
    (job,) = found.jobs
    assert job.job is not None
    assert job.job.ended is not None


def test_a_log_that_cannot_be_the_one_of_its_job_is_a_problem() -> None:
    found = matched(answer([described(begun=3600)]), answer(logged()), log_ids=[DRILL])
    (problem,) = found.problems
    assert problem.message == (
        f"this is not the log of {DRILL}: that job was created at 2026-02-01T11:00:00+00:00, the log lies elsewhere"
    )


def test_two_logs_in_one_document_are_a_problem() -> None:
    found = matched(answer([*logged(), *logged(begun=1000)]))
    assert [problem.message for problem in found.problems] == [
        "this holds the logs of several jobs: put each into a document of its own"
    ]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({"items": [{"sourceServerID": "s-1"}]}, "items.0: expected a job (with jobID) or an item of a job's log"),
        ({"items": [described(type=None)]}, "items.0.type: expected `type` with a text"),
        ({"items": [described(creationDateTime="now")]}, "items.0.creationDateTime: expected `creationDateTime`"),
        ({"items": [{"event": 1, "logDateTime": at(0)}]}, "items.0.event: expected `event` with a text"),
        ({"Reservations": [{"Instances": [3]}]}, "Reservations.0.Instances.0: expected an EC2 instance"),
        ("text", ": expected a job (with jobID)"),
        (None, ": expected a job (with jobID)"),
    ],
)  # fmt: skip
def test_what_is_no_capture_is_told_with_its_place(document: Any, problem: str) -> None:
    (found,) = read_capture(document, lambda pointer: ".".join(map(str, pointer))).problems
    assert str(found).startswith(problem)


def test_only_the_first_problems_of_a_document_are_told() -> None:
    assert len(read_capture([{}] * 1000, lambda pointer: "").problems) == 5


def test_a_start_recovery_answer_is_a_job_too() -> None:
    (job,) = captured({"job": described()}).jobs
    assert (job.id, job.servers) == (DRILL, frozenset(SERVERS))


DEFAULT = Distribution(190, 420)


def test_one_sample_gives_the_median_and_the_defaults_spread() -> None:
    found = fit("conversion", [100.0], DEFAULT)
    assert found.spread == "default"
    assert found.distribution.median_seconds == pytest.approx(100)
    assert found.distribution.p95_seconds == pytest.approx(100 * 420 / 190)
    assert (found.p95_seconds, found.p95_range_seconds, found.distance) == (None, None, None)


def test_no_sample_gives_the_default() -> None:
    assert fit("conversion", [], DEFAULT) == Fit("conversion", (), DEFAULT, "default")


def test_few_samples_mix_their_spread_with_the_defaults_in_proportion() -> None:
    samples = [95.0, 100.0, 105.0]
    found = fit("conversion", samples, DEFAULT)
    own, default = 0.0501, math.log(420 / 190) / 1.6449
    sigma = math.sqrt(2 / 7 * own**2 + 5 / 7 * default**2)
    assert found.spread == "mixed"
    assert found.distribution.p95_seconds == pytest.approx(99.92 * math.exp(1.6449 * sigma), rel=0.001)


def test_enough_samples_speak_for_themselves() -> None:
    samples = [80.0, 90.0, 95.0, 98.0, 102.0, 105.0, 111.0, 125.0]
    found = fit("conversion", samples, DEFAULT)
    assert found.spread == "samples"
    assert found.distribution.median_seconds == pytest.approx(99.89, rel=0.001)
    assert found.distribution.p95_seconds == pytest.approx(124.78, abs=0.01)
    assert found.median_seconds == 100
    assert found.p95_seconds == pytest.approx(120.1)


def test_the_range_of_the_95th_percentile_is_that_of_the_noncentral_t_distribution() -> None:
    # For ten samples the tables give mean + 1.0166 and + 2.9110 deviations as a two-sided 90 % interval of that percentile.
    samples = sorted(math.exp(deviate) for deviate in (-1.5, -1.0, -0.6, -0.3, -0.1, 0.1, 0.3, 0.6, 1.0, 1.5))
    found = fit("launch", samples, DEFAULT)
    sigma = math.sqrt(2 * (1.5**2 + 1.0 + 0.36 + 0.09 + 0.01) / 9)
    assert found.p95_range_seconds is not None
    low, high = found.p95_range_seconds
    assert math.log(low) / sigma == pytest.approx(1.0166, rel=0.05)
    assert math.log(high) / sigma == pytest.approx(2.9110, rel=0.05)


def test_samples_without_any_spread_do_not_pin_the_latency() -> None:
    found = fit("launch", [300.0] * 8, DEFAULT)
    assert not found.distribution.is_constant
    assert found.distribution.p95_seconds == pytest.approx(303)


def test_the_distance_is_that_of_kolmogorov_and_smirnov() -> None:
    # The fitted median is 200; its sigma, mixed from the samples' 0.980 and the default's 0.482, is 0.580. So each sample
    # lies 1.195 deviations from the middle, where the fitted distribution has risen to 0.116 and the samples' to a half.
    assert fit("launch", [100.0, 400.0], DEFAULT).distance == pytest.approx(0.384, abs=0.001)


def test_a_mixture_of_two_kinds_of_servers_is_told_from_one_kind() -> None:
    one_kind = [100 * math.exp(0.2 * deviate) for deviate in (-1.6, -1, -0.7, -0.4, -0.1, 0.1, 0.4, 0.7, 1, 1.6)]
    mixture = [100.0, 101, 102, 103, 104, 105, 900, 910, 920, 930]
    assert not fit("launch", one_kind, DEFAULT).is_poor
    assert fit("launch", mixture, DEFAULT).is_poor


TRUTH = Profile(
    pending=Distribution(0.8, 3),
    snapshot=Distribution(0.4, 1),
    queue=Distribution(80, 140),
    conversion=Distribution(260, 500),
    launch=Distribution(200, 380),
    finish=Distribution(4, 9),
    terminate=Distribution(90, 200),
)


@pytest.mark.parametrize("_way", ["in process"], indirect=True)  # what is fitted came from the service, whichever way
@pytest.mark.parametrize("servers", [1, 2, 25])
def test_a_profile_is_found_again_from_the_jobs_that_it_made(servers: int) -> None:
    settings = Settings(profiles={"truth": TRUTH}, rates=None, log_lag=NO_LAG, instance_lag=NO_LAG)
    recorded: list[Recorded] = []
    for seed in range(60):
        world = World(settings, seed)
        job_id = world.start(*world.add(*(f"app-{number}" for number in range(servers)), profile="truth"))
        world.pass_seconds(4 * HOUR)
        ended = world.call("TerminateRecoveryInstances", recoveryInstanceIDs=[world.instances()[0]["recoveryInstanceID"]])
        world.pass_seconds(HOUR)
        found = match(*of_world(world, job_id, ended["job"]["jobID"]))
        assert not found.notes
        recorded += found.jobs
    fits = fit_all(samples_of(recorded, NO_LAUNCHES, Scaling()), PROFILES["linux-direct"])
    for phase in ("pending", "snapshot", "queue", "conversion", "launch", "finish", "terminate"):
        fitted, truth = fits[phase], getattr(TRUTH, phase)
        sigma = math.log(truth.p95_seconds / truth.median_seconds) / 1.6449
        assert len(fitted.samples) in (60, 120), phase
        assert abs(math.log(fitted.distribution.median_seconds / truth.median_seconds)) < 3 * sigma / math.sqrt(60), phase
        assert not fitted.is_poor, phase
    assert fits["boot"].distribution == PROFILES["linux-direct"].boot


def test_conversions_of_extended_servers_are_told_by_the_job_in_their_staging_account() -> None:
    staging = described("drsjob-5eeeeeeeeeeeeeeee", begun=3, type="CREATE_CONVERTED_SNAPSHOT", ended=243)
    converted = [(1, "JOB_START", None), *DRILL_LOG[5:7], (240, "CONVERSION_END", 0), (240, "CONVERSION_END", 1)]
    logs = ({"jobID": DRILL, **answer(logged())}, {"jobID": staging["jobID"], **answer(logged(converted, begun=3))})
    found = measured(answer([described(), staging]), *logs)
    assert found["conversion"] == [pytest.approx(187.067 / 1.0299, rel=0.001)]
    assert len(found["launch"]) == 1
