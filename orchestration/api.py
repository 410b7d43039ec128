"""The API function: starts recoveries, tells how they stand, and takes what operators decide.

    POST /executions                                     start
    GET  /executions?planId=&status=&limit=&next=        list
    GET  /executions/{executionId}                       the record
    GET  /executions/{executionId}/events?limit=&next=   the history
    GET  /executions/{executionId}/timeline              its waves' instants and critical path
    POST /executions/{executionId}/{operation}           pause, resume, cancel
    POST /executions/{executionId}/waves/{wave}/{operation}   approve, refuse, skip, retry, continue

Errors are problem documents (RFC 9457). A request that cannot be granted is refused with everything that is wrong with it,
before anything is written or started.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from botocore.exceptions import BotoCoreError, ClientError

from orchestration import store, turns
from orchestration.logs import about, logger
from orchestration.operators import OPERATIONS, WAVE_OPERATIONS, NotPossible, note_of
from orchestration.plan_checks import Flaw
from orchestration.record import STATUSES, Record
from orchestration.showing import shown
from orchestration.starting import Refused, started
from orchestration.timeline import timeline

_REQUEST_FIELDS = frozenset({"planId", "plan", "isDrill"})
_MAX_PAGE = 100
_MAX_NEXT = 1_024  # bytes, which a key of a table may have
_MAX_REASON = 1_000  # characters
_SUMMARY = ("executionId", "planId", "planName", "isDrill", "status", "createdAt", "startedAt", "endedAt", "rtoMet")
app = APIGatewayRestResolver()


@app.post("/executions")
def start_execution() -> Response[str]:
    """Start a recovery; answers 202 with the execution's id as soon as it is recorded and started.

    The body is `{"planId": "..."}` for a stored plan or `{"plan": {...}}`, and `"isDrill"`, true unless it says otherwise.
    With an Idempotency-Key header, the same request sent again starts nothing and gets the execution that was started.
    """
    execution = started(_request_body(), app.current_event.headers.get("Idempotency-Key"))
    execution_id, status = execution["executionId"], execution["status"]
    about(execution_id)
    logger.info("accepted", plan_id=execution["planId"], is_drill=execution["isDrill"])
    answer = _json(202, {"executionId": execution_id, "status": status})
    answer.headers["Location"] = f"executions/{execution_id}"  # relative, as the stage's path is in front of it
    return answer


@app.get("/executions/<execution_id>")
def get_execution(execution_id: str) -> Response[str]:
    """The execution's record."""
    return _json(200, shown(_found(execution_id)))


@app.get("/executions/<execution_id>/timeline")
def get_timeline(execution_id: str) -> Response[str]:
    """When each wave started, launched and ended, and the chain of waves that the whole hung on."""
    return _json(200, timeline(_found(execution_id)))


@app.get("/executions")
def list_executions() -> Response[str]:
    """A page of the executions, the latest first, those of a plan or in a status if so asked, without their waves."""
    query = app.current_event.query_string_parameters or {}
    try:
        found, following = store.executions(_wanted(query), _limit(query), _next(query))
    except store.NoSuchPage as error:
        raise _not_a_next() from error
    rows = [{key: one[key] for key in _SUMMARY if key in one} for one in found]
    return _json(200, {"executions": rows} | ({"next": following} if following else {}))


@app.get("/executions/<execution_id>/events")
def get_events(execution_id: str) -> Response[str]:
    """A page of what happened in an execution, oldest first."""
    _found(execution_id)
    query = app.current_event.query_string_parameters or {}
    found, following = store.events(execution_id, _limit(query), _next(query))
    return _json(200, {"events": found} | ({"next": following} if following else {}))


@app.post("/executions/<execution_id>/<operation>")
def operate(execution_id: str, operation: str) -> Response[str]:
    """Pause, resume or cancel an execution. Doing it again changes nothing."""
    if operation not in OPERATIONS:
        raise Refused(404, "Not found", f"there is no operation {operation}: {', '.join(OPERATIONS)}")
    return _operated(execution_id, operation, None)


@app.post("/executions/<execution_id>/waves/<wave>/<operation>")
def operate_wave(execution_id: str, wave: str, operation: str) -> Response[str]:
    """Decide on one wave. Doing it again changes nothing."""
    if operation not in WAVE_OPERATIONS:
        raise Refused(404, "Not found", f"there is no operation {operation}: {', '.join(WAVE_OPERATIONS)}")
    return _operated(execution_id, operation, unquote(wave))


@app.exception_handler(Refused)
def _on_refused(error: Refused) -> Response[str]:
    return _problem(error)


@app.exception_handler([ClientError, BotoCoreError])
def _on_aws_failure(error: Exception) -> Response[str]:
    logger.exception("an AWS call failed")
    return _problem(Refused(503, "Service unavailable", f"an AWS service did not answer as needed: {error}"))


@app.exception_handler(store.RecordBusy)
def _on_busy(error: store.RecordBusy) -> Response[str]:
    return _problem(Refused(503, "Service unavailable", f"{error}; try again"))


@app.exception_handler(Exception)
def _on_defect(_error: Exception) -> Response[str]:
    logger.exception("this is a defect")
    return _problem(Refused(500, "Internal error", "the request failed by a defect; the function's log has the details"))


@app.not_found
def _no_route(_error: NotFoundError) -> Response[str]:
    return _problem(Refused(404, "Not found", "this API has /executions, and what docs/orchestrator.md lists below it"))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point, for API Gateway's REST proxy events."""
    about(None)
    return app.resolve(event, context)


def _found(execution_id: str) -> Record:
    about(execution_id)
    execution = store.find(execution_id)
    if execution is None:
        raise Refused(404, "Not found", f"there is no execution {execution_id}")
    return execution


def _operated(execution_id: str, operation: str, wave: str | None) -> Response[str]:
    """Apply an operator's decision and tell those who waited for it; the record as it is then."""
    execution = _found(execution_id)
    if wave is not None and wave not in [one["name"] for one in execution["waves"]]:
        raise Refused(404, "Not found", f"execution {execution_id} has no wave {wave!r}")
    change = {**OPERATIONS, **WAVE_OPERATIONS}[operation]
    note = note_of(operation, _operator(), _now(), wave=wave, **_details(operation))
    try:
        changed = store.update(execution_id, lambda current: change(current, note), execution)
    except NotPossible as impossible:
        raise Refused(409, "Not possible", str(impossible)) from impossible
    turns.tell(execution_id)
    logger.info(operation, wave=wave, by=note["by"])
    return _json(200, shown(changed))


def _operator() -> str:
    """Who asks, as API Gateway has authenticated them: by IAM, or by an identity or access token of a user pool.

    An address that its owner has not been shown to have is nobody's name: anybody could have written it.
    """
    context = app.current_event.raw_event.get("requestContext", {})
    claims = (context.get("authorizer") or {}).get("claims") or {}
    address = claims.get("email") if str(claims.get("email_verified")).lower() == "true" else None
    named = (claims.get(name) for name in ("cognito:username", "username", "sub"))
    who = address or next(filter(None, named), None) or (context.get("identity") or {}).get("userArn")
    return str(who or "unknown")


def _details(operation: str) -> dict[str, Any]:
    """The reason that an operator gives, and whether a cancellation is to terminate what was launched."""
    body = _json_body() if app.current_event.decoded_body else {}
    allowed = {"reason": str, "terminate": bool} if operation == "cancel" else {"reason": str}
    if not isinstance(body, dict) or any(not isinstance(value, allowed.get(name, ())) for name, value in body.items()):
        raise Refused(400, "Invalid request", f"the body is empty or an object with {' and '.join(allowed)}")
    return {name: value[:_MAX_REASON] if isinstance(value, str) else value for name, value in body.items()}


def _wanted(query: Mapping[str, str]) -> dict[str, str]:
    if "status" in query and query["status"] not in STATUSES:
        raise Refused(400, "Invalid request", f"status must be one of {', '.join(STATUSES)}")
    return {name: query[name] for name in ("planId", "status") if name in query}


def _limit(query: Mapping[str, str]) -> int:
    limit = query.get("limit", "50")
    if not limit.isdecimal() or not 1 <= int(limit) <= _MAX_PAGE:
        raise Refused(400, "Invalid request", f"limit must be a number from 1 to {_MAX_PAGE}")
    return int(limit)


def _next(query: Mapping[str, str]) -> str | None:
    following = query.get("next")
    if following is not None and not 1 <= len(following.encode()) <= _MAX_NEXT:
        raise _not_a_next()
    return following


def _not_a_next() -> Refused:
    return Refused(400, "Invalid request", "next is what the page before told")


def _json_body() -> Any:
    try:
        return json.loads(app.current_event.decoded_body or "")
    except (ValueError, RecursionError) as error:
        raise Refused(400, "Invalid request", f"the body is not JSON: {error}") from error


def _request_body() -> dict[str, Any]:
    body = _json_body()
    flaws = tuple(_request_flaws(body))
    if flaws:
        raise Refused(400, "Invalid request", "; ".join(flaw.message for flaw in flaws), flaws)
    request: dict[str, Any] = body
    return request


def _request_flaws(body: Any) -> Iterator[Flaw]:
    if not isinstance(body, dict):
        yield Flaw("", "the body must be a JSON object")
        return
    for field in sorted(body.keys() - _REQUEST_FIELDS):
        yield Flaw(f"/{field}", f"a request has no field {field!r}; it has {', '.join(sorted(_REQUEST_FIELDS))}")
    if ("planId" in body) == ("plan" in body):
        yield Flaw("", "the body needs either planId or plan")
    if "planId" in body and not (isinstance(body["planId"], str) and body["planId"]):
        yield Flaw("/planId", "planId must be a text")
    if not isinstance(body.get("isDrill", True), bool):
        yield Flaw("/isDrill", "isDrill must be true or false")


def _problem(error: Refused) -> Response[str]:
    problem = {
        "type": f"/problems/{error.title.lower().replace(' ', '-')}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
    }
    errors = [{"pointer": flaw.pointer, "message": flaw.message} for flaw in error.flaws]
    return _json(error.status, problem | ({"errors": errors} if errors else {}) | error.more, "application/problem+json")


def _json(status: int, body: Record, content_type: str = "application/json") -> Response[str]:
    return Response(status, content_type, json.dumps(body))


def _now() -> datetime:
    return datetime.now(UTC)
