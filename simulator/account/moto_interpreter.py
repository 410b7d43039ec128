"""moto's own interpreter of state machines, on a port of this machine; for a process of its own, as moto's state is global.

What its state machines call is looked for at this machine's port in the environment variable MOTO_PORT.
"""

from collections.abc import Callable
from threading import Thread

from moto.core.base_backend import BackendDict
from moto.core.config import default_user_config
from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from simulator.account import moto_services
from simulator.account.address import at_aws
from simulator.account.wire import HttpRequest

RESET = "/drsim/reset"
_ACCOUNT = "123456789012"


def serve(on_ready: Callable[[str], None], until: Callable[[], object]) -> None:
    """Serve until `until` returns; `on_ready` hears of the address."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    # What is in a history does not change any more, and copies of all of it would take moto most of its time.
    EventManager.get_event_history = lambda events: list(events._history_event_list)
    StepFunctionResponse.get_execution_history = _latest_events
    start = StepFunctionsParserBackend.start_execution  # which calls every execution without a name `None`
    StepFunctionsParserBackend.start_execution = lambda states, machine, name=None, *more: start(
        states, machine, name or str(mock_random.uuid4()), *more
    )
    server = make_server("127.0.0.1", 0, _answer, threaded=True, request_handler=_Silent)
    Thread(target=server.serve_forever, daemon=True).start()
    on_ready(f"http://127.0.0.1:{server.port}")
    until()


@Request.application
def _answer(request: Request) -> Response:
    if request.path == RESET:
        BackendDict.reset()
        return Response()
    asked = HttpRequest(request.method, request.url, dict(request.headers), request.get_data())
    answer = moto_services.answer(at_aws(asked), _ACCOUNT)
    return Response(answer.body, answer.status, dict(answer.headers))


def _latest_events(self: StepFunctionResponse) -> ActionResult:
    """GetExecutionHistory with the two parameters that moto passes over, which who follows an execution sends."""
    history = self.stepfunction_backend.get_execution_history(self._get_param("executionArn"))
    if self._get_param("reverseOrder"):
        history = {"events": history["events"][: -1 - (self._get_param("maxResults") or 1000) : -1]}
    return ActionResult(history)


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  werkzeug's name
        """Say nothing."""
