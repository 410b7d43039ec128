"""The functions' one logger: every line carries the id of the execution that it is about, as its correlation id."""

from aws_lambda_powertools import Logger

logger = Logger(service="recovery")


def about(execution_id: str | None) -> None:
    """From now on lines are about an execution, or (None) about none that is known."""
    logger.set_correlation_id(execution_id)  # None takes the last one's away
