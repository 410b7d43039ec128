"""Captures as the AWS CLI prints them: of jobs that a world ran, and of one whose instants are literals."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.drs.calibration.captures import Capture, CapturedJob, CapturedLog, Pointer, read_capture
from tests.drs.world import World

DRILL = "drsjob-51a2b3c4d5e6f7a8b"
SERVERS = ("s-5000000000000001a", "s-5000000000000002b")
INSTANCES = ("i-0aaaaaaaaaaaaaaa1", "i-0bbbbbbbbbbbbbbb2")

# A drill of two servers: seconds since the job's creation, event, which server.
DRILL_LOG = (
    (0.357, "JOB_START", None),
    (0.761, "SNAPSHOT_START", 0),
    (0.787, "SNAPSHOT_START", 1),
    (0.952, "SNAPSHOT_END", 0),
    (0.978, "SNAPSHOT_END", 1),
    (52.920, "CONVERSION_START", 0),
    (52.946, "CONVERSION_START", 1),
    (250.434, "CONVERSION_END", 0),
    (250.496, "CONVERSION_END", 1),
    (251.008, "LAUNCH_START", 0),
    (251.197, "LAUNCH_START", 1),
    (529.126, "LAUNCH_END", 0),
    (530.528, "LAUNCH_END", 1),
    (533.335, "JOB_END", None),
)


def at(seconds: float) -> str:
    """An instant so long after ten o'clock, as the service writes it."""
    whole, micro = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"2026-02-01T{10 + whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{micro:06}+00:00"


def described(identifier: str = DRILL, begun: float = 0, ended: float | None = 533.305, **more: Any) -> dict[str, Any]:
    """A job as describe-jobs prints it."""
    shown: dict[str, Any] = {
        "jobID": identifier,
        "arn": f"arn:aws:drs:us-west-2:123456789012:job/{identifier}",
        "type": "LAUNCH",
        "initiatedBy": "START_DRILL",
        "creationDateTime": at(begun),
        "status": "STARTED" if ended is None else "COMPLETED",
        "participatingServers": [{"sourceServerID": server, "launchStatus": "LAUNCHED"} for server in SERVERS],
        "tags": {},
    }
    return shown | ({} if ended is None else {"endDateTime": at(begun + ended)}) | more


def logged(items: Sequence[tuple[float, str, int | None]] = DRILL_LOG, begun: float = 0) -> list[dict[str, Any]]:
    """Items of a job's log as describe-job-log-items prints them."""
    return [
        {"logDateTime": at(begun + seconds), "event": event, "eventData": _data(event, who)} for seconds, event, who in items
    ]


def answer(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the CLI prints of a listing."""
    return {"items": list(rows)}


def captured(*documents: Any) -> Capture:
    """Documents as captures, put together."""
    captures = [read_capture(document, _where) for document in documents]
    assert not [problem for one in captures for problem in one.problems]
    return Capture(
        [job for one in captures for job in one.jobs],
        [log for one in captures for log in one.logs],
        {instance: when for one in captures for instance, when in one.launched.items()},
    )


def of_world(world: World, *job_ids: str) -> tuple[list[CapturedJob], list[CapturedLog]]:
    """What describe-jobs and describe-job-log-items answer about jobs."""
    capture = captured(answer([world.job(job_id) for job_id in job_ids]))
    logs = [log for job_id in job_ids for log in captured({"jobID": job_id, **answer(world.log(job_id))}).logs]
    return list(capture.jobs), logs


def _data(event: str, who: int | None) -> dict[str, str]:
    if who is None:
        return {}
    launched = {"targetInstanceID": INSTANCES[who]} if event == "LAUNCH_END" else {}
    return {"sourceServerID": SERVERS[who], **launched}


def _where(pointer: Pointer) -> str:
    return f"capture.json:{'.'.join(map(str, pointer))}"
