"""The AWS clients of a sandbox, made once, and AWS's errors under their own names."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# At worst 3 attempts of 20 seconds and two short pauses: a call ends one way or the other before a function's time is up.
CONFIG = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=5, read_timeout=15)
_QUICK = Config(retries={"mode": "standard", "max_attempts": 2}, connect_timeout=1, read_timeout=3)
# What time alone may mend. The state machine's retriers name the same errors.
TRANSIENT = frozenset({
    "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "ProvisionedThroughputExceededException",
    "InternalServerException", "InternalServerError", "InternalFailure", "ServiceUnavailable", "ExpiredTokenException",
    "EndpointConnectionError", "ConnectionClosedError", "ConnectTimeoutError", "ReadTimeoutError",
})  # fmt: skip


@cache
def client(service: str, region: str | None = None) -> Any:
    """The boto3 client of a service in the function's own account, and in its own Region unless another is named."""
    return boto3.client(service, region_name=region, config=CONFIG)


@cache
def quick_client(service: str) -> Any:
    """The boto3 client of a service that nothing depends on: it is not waited for long."""
    return boto3.client(service, config=_QUICK)


class AwsError(Exception):
    """An error that an AWS service answered with. Its class is called what AWS calls the error."""


@contextmanager
def named_errors() -> Iterator[None]:
    """Let AWS's errors leave under their own names.

    Step Functions matches Retry and Catch on the name of the exception's class; botocore calls every error that is not in a
    service's model `ClientError`, whatever it was.
    """
    try:
        yield
    except ClientError as error:
        code = error_code(error)
        raise type(code, (AwsError,), {})(str(error)) from error


def error_code(error: ClientError | BotoCoreError) -> str:
    """AWS's name of the error, without a namespace; where AWS was not reached, botocore's."""
    if isinstance(error, BotoCoreError):
        return type(error).__name__
    code: str = error.response.get("Error", {}).get("Code", "Unknown")
    return code.rpartition("#")[2].partition(":")[0]


def pages(operation: Callable[..., Any], member: str, token_name: str = "nextToken", **parameters: Any) -> Iterator[Any]:
    """Every item of a paginated operation, page by page."""
    token: dict[str, str] = {}
    while True:
        page = operation(**parameters, **token)
        yield from page.get(member, [])
        if not page.get(token_name):
            return
        token = {token_name: page[token_name]}
