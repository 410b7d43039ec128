"""How long a plan's waves have taken before, so that the next execution looks at its jobs when they are likely to end.

A job's length depends on how many servers it has, which tags may change from one execution to the next. So what is kept for
each wave is the share: how long its job took, of what a job with so many servers takes as a rule. Nothing depends on it.
"""

import statistics
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from orchestration import store
from orchestration.logs import logger
from orchestration.record import Record
from orchestration.waves import LAUNCHED, expected_seconds

KEPT = 8  # executions of which a wave's shares are kept
LEAST, MOST = 0.2, 5.0  # what is beyond was no usual recovery: a snapshot that nobody could read, a wrong clock


def recall(plan_id: str) -> dict[str, float]:
    """The share that each wave of a plan can be expected to take, by the wave's name; empty if nothing is known."""
    try:
        known = store.find_durations(plan_id)
    except (ClientError, BotoCoreError) as error:
        logger.warning("what is known of the plan cannot be read", error=str(error))
        return {}
    return {name: statistics.median(shares) for name, shares in (known or {}).get("waves", {}).items()}


def remember(record: Record) -> None:
    """Keep how long the waves of an execution that has just ended have taken."""
    try:
        known = store.find_durations(record["planId"]) or {"planId": record["planId"]}
        if (changed := learned(known, record)) != known:
            store.keep_durations(changed)
    except (ClientError, BotoCoreError) as error:
        logger.warning("what the execution has taught cannot be kept", error=str(error))


def learned(known: Mapping[str, Any], record: Record) -> dict[str, Any]:
    """What is known of a plan after an execution of it; of each execution only once. Pure."""
    found = {wave["name"]: share for wave in record["waves"] if (share := _share(wave)) is not None}
    if not found or known.get("lastExecutionId") == record["executionId"]:
        return dict(known)
    waves = known.get("waves", {})
    grown = {name: [*waves.get(name, []), share][-KEPT:] for name, share in found.items()}
    return {**known, "planId": record["planId"], "lastExecutionId": record["executionId"], "waves": {**waves, **grown}}


def _share(wave: Mapping[str, Any]) -> float | None:
    """Of a wave that launched at its first attempt: one that was retried has had several jobs."""
    if wave["status"] != LAUNCHED or wave.get("attempt") != 1 or "jobStartedAt" not in wave:
        return None
    took = (
        datetime.fromisoformat(wave.get("launchedAt", wave["endedAt"])) - datetime.fromisoformat(wave["jobStartedAt"])
    ).total_seconds()
    return round(min(MOST, max(LEAST, took / expected_seconds(len(wave["servers"])))), 3)
