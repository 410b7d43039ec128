"""Runs of Distributed Maps, as the API tells of them."""

from collections.abc import Mapping
from typing import Any

from simulator.account.states.executions import Executions
from simulator.account.states.records import given, page
from simulator.engine.run import MapRun

Answer = Mapping[str, Any]


class MapRuns:
    """The map runs of one account and Region."""

    def __init__(self, executions: Executions) -> None:
        self._executions = executions

    def describe(self, asked: Answer) -> Answer:
        """DescribeMapRun."""
        run = self._executions.map_run(asked["mapRunArn"])
        return given(
            **self._row(run),
            status=run.status,
            maxConcurrency=run.max_concurrency,
            toleratedFailureCount=run.tolerated_count,
            toleratedFailurePercentage=float(run.tolerated_percentage),
            itemCounts=_item_counts(run),
            executionCounts=_execution_counts(run),
            redriveCount=run.redrive_count,
        )

    def list_map_runs(self, asked: Answer) -> Answer:
        """ListMapRuns of an execution."""
        execution = self._executions.standard(asked["executionArn"], "ListMapRuns")
        return page("mapRuns", [self._row(run) for run in execution.map_runs], asked)

    def update(self, asked: Answer) -> Answer:
        """UpdateMapRun: how much failure a map run tolerates from now on."""
        run = self._executions.map_run(asked["mapRunArn"])
        run.max_concurrency = asked.get("maxConcurrency", run.max_concurrency)
        run.tolerated_count = asked.get("toleratedFailureCount", run.tolerated_count)
        run.tolerated_percentage = asked.get("toleratedFailurePercentage", run.tolerated_percentage)
        return {}

    def _row(self, run: MapRun) -> dict[str, Any]:
        return given(
            mapRunArn=run.arn,
            executionArn=run.execution_arn,
            stateMachineArn=self._executions.started[run.execution_arn].machine.arn,
            startDate=self._executions.instant(run.started_ms),
            stopDate=None if run.ended_ms is None else self._executions.instant(run.ended_ms),
        )


def _item_counts(run: MapRun) -> dict[str, int]:
    running = sum(child.status == "RUNNING" for child in run.children)
    return _counts(run, total=run.total, succeeded=run.succeeded, failed=run.failed, running=running)


def _execution_counts(run: MapRun) -> dict[str, int]:
    statuses = [str(child.status) for child in run.children]
    return _counts(
        run,
        total=len(statuses),
        succeeded=statuses.count("SUCCEEDED"),
        failed=statuses.count("FAILED"),
        running=statuses.count("RUNNING"),
        timed_out=statuses.count("TIMED_OUT"),
        aborted=statuses.count("ABORTED"),
    )


def _counts(
    run: MapRun, *, total: int, succeeded: int, failed: int, running: int, timed_out: int = 0, aborted: int = 0
) -> dict[str, int]:
    return {
        "pending": max(0, total - succeeded - failed - running - timed_out - aborted) if run.status == "RUNNING" else 0,
        "running": running,
        "succeeded": succeeded,
        "failed": failed,
        "timedOut": timed_out,
        "aborted": aborted,
        "total": total,
        "resultsWritten": 0,
        "failuresNotRedrivable": 0,
        "pendingRedrive": 0,
    }
