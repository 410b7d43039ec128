"""Task tokens: waves that wait are told by whoever changed what they wait for, not by asking again and again."""

import json
from typing import Any

from botocore.exceptions import ClientError

from orchestration import policy
from orchestration.clients import client, error_code
from orchestration.logs import logger
from orchestration.record import Record

_GONE = ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken")  # somebody else has told it, or it no longer waits


def tell(record: Record) -> None:
    """Tell every wave that waits for something which has come.

    Called after every change that may be waited for, with the record as written: of two changes at the same time the later
    one sees both, so nobody waits in vain; who is told twice hears the first.
    """
    for token, output in policy.answers(record):
        wake(token, output)


def wake(token: str, output: dict[str, Any]) -> None:
    """Let a waiting task go on with an output, if it still waits."""
    try:
        client("stepfunctions").send_task_success(taskToken=token, output=json.dumps(output))
    except ClientError as error:
        if error_code(error) not in _GONE:
            raise
        logger.info("nobody waits for this token any more", output=output)
