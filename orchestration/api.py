"""The API function: `POST /executions` starts a recovery, `GET /executions/{executionId}` tells how it stands.

Errors are problem documents (RFC 9457). A plan that cannot be run is refused with everything that is wrong with it, before
anything is written or started.
"""

import json
import os
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from botocore.exceptions import BotoCoreError, ClientError

from orchestration import record, store
from orchestration.clients import client
from orchestration.plan import Flaw, InvalidPlan, Plan, read_plan
from orchestration.record import Record

# Step Functions' limit for an execution's input is far above this; DynamoDB's for an item, the record, is 400 KB.
MAX_PLAN_BYTES = 256 * 1024
_REQUEST_FIELDS = frozenset({"planId", "plan", "isDrill"})
logger = Logger(service="orchestration-api")
app = APIGatewayRestResolver()


class Refused(Exception):
    """A request that is answered with a problem document."""

    def __init__(self, status: int, title: str, detail: str, flaws: tuple[Flaw, ...] = ()) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.flaws = status, title, detail, flaws


@app.post("/executions")
def start_execution() -> Response[str]:
    """Start a recovery; answers 202 with the execution's id as soon as it is recorded and started.

    The body is `{"planId": "..."}` for a stored plan or `{"plan": {...}}`, and `"isDrill"`, true unless it says otherwise.
    """
    request = _request_body()
    plan = _plan(request)
    is_drill = request.get("isDrill", True)  # a recovery by mistake costs more than a drill by mistake
    if not isinstance(is_drill, bool):
        raise Refused(400, "Invalid request", "isDrill must be true or false")
    execution = record.new_record(str(uuid4()), plan, is_drill=is_drill, now=_now())
    store.create(execution)
    _start(execution)
    logger.info("accepted", execution_id=execution["executionId"], plan_id=plan.plan_id, is_drill=is_drill)
    return _json(202, {"executionId": execution["executionId"], "status": "PENDING"})


@app.get("/executions/<execution_id>")
def get_execution(execution_id: str) -> Response[str]:
    """The execution's record."""
    execution = store.find(execution_id)
    if execution is None:
        raise Refused(404, "Not found", f"there is no execution {execution_id}")
    return _json(200, execution)


@app.exception_handler(Refused)
def _on_refused(error: Refused) -> Response[str]:
    return _problem(error)


@app.exception_handler([ClientError, BotoCoreError])
def _aws_failed(error: Exception) -> Response[str]:
    logger.exception("an AWS call failed")
    return _problem(Refused(503, "Service unavailable", f"an AWS service did not answer as needed: {error}"))


@app.not_found
def _no_route(_error: NotFoundError) -> Response[str]:
    return _problem(Refused(404, "Not found", "this API has POST /executions and GET /executions/{executionId}"))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point, for API Gateway's REST proxy events."""
    return app.resolve(event, context)


def _request_body() -> dict[str, Any]:
    try:
        body = json.loads(app.current_event.decoded_body or "")
    except ValueError as error:
        raise Refused(400, "Invalid request", f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refused(400, "Invalid request", "the body must be a JSON object")
    unknown = sorted(body.keys() - _REQUEST_FIELDS)
    if unknown:
        raise Refused(400, "Invalid request", f"unknown fields: {', '.join(unknown)}")
    if ("planId" in body) == ("plan" in body):
        raise Refused(400, "Invalid request", "the body needs either planId or plan")
    return body


def _plan(request: dict[str, Any]) -> Plan:
    document = request.get("plan")
    if document is None:
        document = _stored_plan(request["planId"])
    if len(json.dumps(document)) > MAX_PLAN_BYTES:
        raise Refused(400, "Plan too large", f"a plan may have at most {MAX_PLAN_BYTES} bytes")
    try:
        return read_plan(document)
    except InvalidPlan as invalid:
        raise Refused(400, "Invalid plan", str(invalid), invalid.flaws) from invalid


def _stored_plan(plan_id: Any) -> Record:
    if not isinstance(plan_id, str) or not plan_id:
        raise Refused(400, "Invalid request", "planId must be a text")
    document = store.find_plan(plan_id)
    if document is None:
        raise Refused(404, "Not found", f"there is no plan {plan_id!r}")
    return document


def _start(execution: Record) -> None:
    """Start the state machine. If that fails, the record says so: nothing may stay PENDING that will never run."""
    execution_id = execution["executionId"]
    try:
        client("stepfunctions").start_execution(
            stateMachineArn=os.environ["STATE_MACHINE_ARN"],
            name=execution_id,
            input=json.dumps({"executionId": execution_id}),
        )
    except (ClientError, BotoCoreError) as error:
        reason = {"code": "NotStarted", "message": str(error)}
        store.update(execution_id, lambda current: record.ended(current, "FAILED", reason, _now()))
        raise


def _problem(error: Refused) -> Response[str]:
    errors = [{"pointer": flaw.pointer, "message": flaw.message} for flaw in error.flaws]
    problem = {"type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail}
    return _json(error.status, problem | ({"errors": errors} if errors else {}), "application/problem+json")


def _json(status: int, body: Record, content_type: str = "application/json") -> Response[str]:
    return Response(status, content_type, json.dumps(body))


def _now() -> datetime:
    return datetime.now(UTC)
