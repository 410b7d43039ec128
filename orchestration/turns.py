"""Task tokens: waves that wait are told by whoever changed what they wait for, not by asking again and again."""

import json
from typing import Any

from botocore.exceptions import ClientError

from orchestration import policy, store
from orchestration.clients import client, error_code
from orchestration.logs import logger

_GONE = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")  # somebody else has told it, or it no longer waits


def tell(execution_id: str, only: str | None = None) -> None:
    """Tell every wave that waits for something which has come, or only the one that has just begun to wait.

    Called after every change that may be waited for. Of two changes at the same time whoever looks later sees both, so that
    nobody waits in vain; who is told twice hears the first. Raises RecordMissing, RecordBusy.
    """
    latest = store.update(execution_id, lambda record: record)  # which pauses it where its plan does
    for wave, token, output in policy.answers(latest):
        if only in (None, wave):
            wake(token, output)


def wake(token: str, output: dict[str, Any]) -> None:
    """Let a waiting task go on with an output, if it still waits."""
    try:
        client("stepfunctions").send_task_success(taskToken=token, output=json.dumps(output))
    except ClientError as error:
        if error_code(error) not in _GONE:
            raise
        logger.info("nobody waits for this token any more", output=output)
