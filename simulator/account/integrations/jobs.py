"""`.sync`: how to tell that the job which a task has started is over, and what the task gives then."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.engine.failures import TaskFailure

Answer = Mapping[str, Any]

POLL_MS = 5_000  # AWS hears of most ends through events, within seconds


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of job: the call that `describe`s it, the one that `stop`s it, and where its status stands.

    The functions take the answer of the call that started it (in Step Functions' spelling) to the parameters of those calls,
    and the description to its status and to the task's result. `good` and `bad` are the statuses in which it is over.
    """

    describe: str
    asking: Callable[[Answer], dict[str, Any]]
    result: Callable[[Any], Any]
    status: Callable[[Any], str]
    good: tuple[str, ...]
    bad: tuple[str, ...]
    stop: str
    stopping: Callable[[Answer], dict[str, Any]]


def job_of(service: str, api: str) -> Job | None:
    """The kind of job that an optimised integration starts; None where `.sync` is not simulated."""
    return JOBS.get((service, api))


def failure(result: Any) -> TaskFailure:
    """What a task fails with when its job does: the job's description is the cause."""
    return TaskFailure("States.TaskFailed", json.dumps(result, separators=(",", ":"), ensure_ascii=False))


def with_documents(execution: dict[str, Any]) -> dict[str, Any]:
    """An execution's description with its input and output as JSON instead of text, as `.sync:2` gives it."""
    parsed = {name: json.loads(execution[name]) for name in ("Input", "Output") if execution.get(name) is not None}
    return execution | parsed


def _ecs_status(task: Any) -> str:
    if task.get("LastStatus") != "STOPPED":
        return str(task.get("LastStatus"))
    codes = [container.get("ExitCode", 0) for container in task.get("Containers", [])]
    return "FAILED" if any(codes) or task.get("StopCode") == "TaskFailedToStart" else "SUCCEEDED"


def _ecs_task(answer: Answer) -> Any:
    if not answer.get("Tasks"):
        raise failure(answer)  # nothing could be placed: the answer's Failures say why
    return answer["Tasks"][0]


JOBS: Mapping[tuple[str, str], Job] = {
    ("states", "startExecution"): Job(
        describe="describeExecution",
        asking=lambda answer: {"ExecutionArn": answer["ExecutionArn"]},
        result=lambda found: found,
        status=lambda found: found["Status"],
        good=("SUCCEEDED",),
        bad=("FAILED", "TIMED_OUT", "ABORTED"),
        stop="stopExecution",
        stopping=lambda answer: {"ExecutionArn": answer["ExecutionArn"]},
    ),
    ("ecs", "runTask"): Job(
        describe="describeTasks",
        asking=lambda answer: {"Cluster": _ecs_task(answer)["ClusterArn"], "Tasks": [_ecs_task(answer)["TaskArn"]]},
        result=lambda found: found["Tasks"][0],
        status=_ecs_status,
        good=("SUCCEEDED",),
        bad=("FAILED",),
        stop="stopTask",
        stopping=lambda answer: {"Cluster": _ecs_task(answer)["ClusterArn"], "Task": _ecs_task(answer)["TaskArn"]},
    ),
    ("batch", "submitJob"): Job(
        describe="describeJobs",
        asking=lambda answer: {"Jobs": [answer["JobId"]]},
        result=lambda found: found["Jobs"][0],
        status=lambda job: job["Status"],
        good=("SUCCEEDED",),
        bad=("FAILED",),
        stop="terminateJob",
        stopping=lambda answer: {"JobId": answer["JobId"], "Reason": "The task that submitted it was stopped"},
    ),
    ("glue", "startJobRun"): Job(
        describe="getJobRun",
        asking=lambda answer: {"JobName": answer["JobName"], "RunId": answer["JobRunId"]},
        result=lambda found: found["JobRun"],
        status=lambda run: run["JobRunState"],
        good=("SUCCEEDED",),
        bad=("FAILED", "STOPPED", "TIMEOUT", "ERROR"),
        stop="batchStopJobRun",
        stopping=lambda answer: {"JobName": answer["JobName"], "JobRunIds": [answer["JobRunId"]]},
    ),
    ("codebuild", "startBuild"): Job(
        describe="batchGetBuilds",
        asking=lambda answer: {"Ids": [answer["Build"]["Id"]]},
        result=lambda found: {"Build": found["Builds"][0]},
        status=lambda result: result["Build"]["BuildStatus"],
        good=("SUCCEEDED",),
        bad=("FAILED", "FAULT", "TIMED_OUT", "STOPPED"),
        stop="stopBuild",
        stopping=lambda answer: {"Id": answer["Build"]["Id"]},
    ),
    ("athena", "startQueryExecution"): Job(
        describe="getQueryExecution",
        asking=lambda answer: {"QueryExecutionId": answer["QueryExecutionId"]},
        result=lambda found: found,
        status=lambda found: found["QueryExecution"]["Status"]["State"],
        good=("SUCCEEDED",),
        bad=("FAILED", "CANCELLED"),
        stop="stopQueryExecution",
        stopping=lambda answer: {"QueryExecutionId": answer["QueryExecutionId"]},
    ),
}
