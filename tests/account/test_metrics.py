"""DRS in CloudWatch: the AWS/DRS metrics."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID
from simulator.drs.region import Region
from tests.account.conftest import Stage

MINUTE_MS = 60_000


def client(service: str, account_id: str = ACCOUNT_ID) -> Any:
    return moto_services.client(service, "us-east-1", account_id)


def region(staged: Stage, *names: str, **more: Any) -> Region:
    found = staged.world.drs.region(ACCOUNT_ID, "us-east-1")
    found.initialize()
    for name in names:
        found.add_source_server(name, **more)
    return found


def wait(staged: Stage, minutes: float) -> None:
    staged.run(lambda: staged.world.clock.sleep_ms(round(minutes * MINUTE_MS)))


def points(staged: Stage, metric: str, server: str | None, minutes: int) -> list[tuple[str, float]]:
    """(HH:MM, value) of a metric over the last minutes, counted from a full five, oldest first."""
    dimensions = [{"Name": "SourceServerID", "Value": server}] if server else []
    named = {"Namespace": "AWS/DRS", "MetricName": metric, "Dimensions": dimensions}
    query = {"Id": "m", "MetricStat": {"Metric": named, "Period": 300, "Stat": "Maximum"}}

    def ask() -> Any:
        now = staged.world.clock.now()
        return client("cloudwatch").get_metric_data(
            MetricDataQueries=[query],
            StartTime=now.replace(minute=now.minute // 5 * 5, second=0) - timedelta(minutes=minutes),
            EndTime=now + timedelta(minutes=1),
            ScanBy="TimestampAscending",
        )

    ((answer,),) = [one["MetricDataResults"] for one in staged.run(ask)]
    return [(f"{at:%H:%M}", value) for at, value in zip(answer["Timestamps"], answer["Values"], strict=True)]


def values(found: Sequence[tuple[str, float]]) -> list[float]:
    return [value for _, value in found]


def test_a_healthy_server_lags_nothing_and_grows_older(staged: Stage) -> None:
    server = region(staged, "a", replicating_for_seconds=600).state.server_named("a")
    wait(staged, 11)
    assert points(staged, "LagDuration", server.id, 60) == [
        ("01:50", 0), ("01:55", 0), ("02:00", 0), ("02:05", 0), ("02:10", 0),
    ]  # fmt: skip
    assert values(points(staged, "ElapsedReplicationDuration", server.id, 60)) == [0, 300, 600, 900, 1200]
    assert values(points(staged, "Backlog", server.id, 10)) == [0, 0, 0]


def test_the_lag_of_a_stalled_server_grows_until_it_goes_on(staged: Stage) -> None:
    found = region(staged, "a")
    server = found.state.server_named("a").id
    wait(staged, 6)
    found.set_replication_state("a", "STALLED", "AGENT_NOT_SEEN")
    wait(staged, 11)
    assert points(staged, "LagDuration", server, 15) == [("02:00", 0), ("02:05", 0), ("02:10", 240), ("02:15", 540)]
    found.set_replication_state("a", "CONTINUOUS")
    wait(staged, 5)
    assert values(points(staged, "LagDuration", server, 15)) == [0, 240, 540, 0]


def test_the_time_since_the_last_launch_counts_from_it(staged: Stage) -> None:
    server = region(staged, "a").state.server_named("a")
    assert points(staged, "DurationSinceLastSuccessfulRecoveryLaunch", server.id, 60) == []
    staged.run(lambda: client("drs").start_recovery(sourceServers=[{"sourceServerID": server.id}], isDrill=True))
    wait(staged, 10)
    found = values(points(staged, "DurationSinceLastSuccessfulRecoveryLaunch", server.id, 10))
    assert [round(later - earlier) for earlier, later in pairwise(found)] == [300] * (len(found) - 1)
    assert 0 < found[0] < 600


def test_servers_are_counted_for_the_account(staged: Stage) -> None:
    found = region(staged, "a", "b", "c")
    found.set_replication_state("b", "STALLED")
    found.set_replication_state("c", "STOPPED")
    wait(staged, 5)
    metrics = ("TotalSourceServerCount", "ActiveSourceServerCount", "ProtectedSourceServerCount")
    assert [values(points(staged, metric, None, 4)) for metric in metrics] == [[3], [2], [2]]


def test_statistics_are_answered_too(staged: Stage) -> None:
    found = region(staged, "a")
    found.set_replication_state("a", "STALLED")
    wait(staged, 30)
    asked: dict[str, Any] = {
        "Namespace": "AWS/DRS",
        "MetricName": "LagDuration",
        "Dimensions": [{"Name": "SourceServerID", "Value": found.state.server_named("a").id}],
        "StartTime": datetime(2026, 3, 1, 2),
        "EndTime": datetime(2026, 3, 1, 3),
        "Period": 3600,
        "Statistics": ["Maximum", "SampleCount"],
    }
    (answer,) = staged.run(lambda: client("cloudwatch").get_metric_statistics(**asked)["Datapoints"])
    assert [(one["Maximum"], one["SampleCount"], one["Unit"]) for one in answer] == [(1800, 7, "Seconds")]


def test_the_metrics_that_exist_are_listed(staged: Stage) -> None:
    found = region(staged, "a", "b")
    (answer,) = staged.run(lambda: client("cloudwatch").list_metrics(Namespace="AWS/DRS")["Metrics"])
    listed = {(one["MetricName"], *(part["Value"] for part in one["Dimensions"])) for one in answer}
    ids = [found.state.server_named(name).id for name in ("a", "b")]
    per_server = {(name, one) for name in ("LagDuration", "Backlog", "ElapsedReplicationDuration") for one in ids}
    counts = {("TotalSourceServerCount",), ("ActiveSourceServerCount",), ("ProtectedSourceServerCount",)}
    assert listed == per_server | counts


def test_metrics_of_others_are_left_alone_and_none_are_put_twice(staged: Stage) -> None:
    server = region(staged, "a").state.server_named("a").id
    put = {"Namespace": "Plan", "MetricData": [{"MetricName": "Waves", "Value": 3.0}]}
    staged.run(lambda: client("cloudwatch").put_metric_data(**put))
    wait(staged, 5)
    first = points(staged, "LagDuration", server, 10)
    assert points(staged, "LagDuration", server, 10) == first
    (answer,) = staged.run(lambda: client("cloudwatch").list_metrics(Namespace="Plan")["Metrics"])
    assert [one["MetricName"] for one in answer] == ["Waves"]


def test_another_account_has_no_metrics_of_ours(staged: Stage) -> None:
    region(staged, "a")
    theirs = client("cloudwatch", "222222222222")
    (answer,) = staged.run(lambda: theirs.list_metrics(Namespace="AWS/DRS", MetricName="LagDuration")["Metrics"])
    assert answer == []


def test_metrics_keep_no_world_alive(staged: Stage) -> None:
    region(staged, "a")
    staged.world.clock.run()
    assert staged.world.clock.now_ms == 0
