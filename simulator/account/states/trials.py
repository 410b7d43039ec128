"""TestState: one state by itself, with the account's services or a mocked result."""

import json
from collections.abc import Mapping
from typing import Any

from simulator.account.integrations.mocked import fault_of_result
from simulator.account.states.activities import require_json
from simulator.account.states.records import given
from simulator.clock import VirtualClock
from simulator.engine.definition import refusal_message
from simulator.engine.integrations import Integrations
from simulator.engine.teststate import Trial, try_state
from simulator.engine.trial_checks import Mock, Situation, Untestable
from simulator.errors import DefinitionError, ServiceError

_TEXTS = ("input", "context", "variables")


class Trials:
    """Runs single states in the process of whoever asks."""

    def __init__(self, clock: VirtualClock, integrations: Integrations, prefix: str) -> None:
        self._clock, self._integrations, self._prefix = clock, integrations, prefix

    def test_state(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """TestState."""
        for member in _TEXTS:
            if asked.get(member) is not None:
                require_json(asked[member], "InvalidExecutionInput" if member == "input" else "ValidationException")
        mock = _mock(asked)
        try:
            trial = try_state(
                asked["definition"],
                asked.get("input", "{}"),
                mock=mock,
                state_name=asked.get("stateName"),
                context=_document(asked.get("context")),
                variables=_document(asked.get("variables")),
                situation=_situation(asked.get("stateConfiguration", {})),
                integrations=self._integrations,
                role_arn=asked.get("roleArn", ""),
                clock=self._clock if self._clock.in_process else None,
                prefix=self._prefix,
            )
        except DefinitionError as error:
            raise ServiceError("InvalidDefinition", refusal_message(error, asked["definition"])) from error
        except Untestable as error:
            raise ServiceError(error.code, str(error)) from error
        return _shown(trial, asked.get("inspectionLevel", "INFO"))


def _mock(asked: Mapping[str, Any]) -> Mock | None:
    mock = asked.get("mock")
    if mock is None:
        return None
    if asked.get("revealSecrets"):
        raise ServiceError("ValidationException", "TestState does not support RevealSecrets when a mock is specified.")
    if mock.get("result") is not None:
        require_json(mock["result"], "ValidationException")
        mode = mock.get("fieldValidationMode", "STRICT")
        fault = _fault_of_mock(asked, mode)
        if fault:
            raise ServiceError("ValidationException", f"Mock result schema validation error: {fault}")
    failure = mock.get("errorOutput", {})
    return Mock(mock.get("result"), failure.get("error"), failure.get("cause"))


def _fault_of_mock(asked: Mapping[str, Any], mode: str) -> str | None:
    """What is wrong with a mock's result; of a definition that is no JSON, the trial itself will tell."""
    result = json.loads(asked["mock"]["result"])
    try:
        return fault_of_result(asked["definition"], asked.get("stateName"), result, mode)
    except ValueError:
        return None


def _situation(configuration: Mapping[str, Any]) -> Situation:
    return Situation(
        configuration.get("retrierRetryCount", 0),
        configuration.get("errorCausedByState"),
        configuration.get("mapIterationFailureCount", 0),
        configuration.get("mapItemReaderData"),
    )


def _document(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _shown(trial: Trial, level: str) -> dict[str, Any]:
    inspected = {**trial.inspection} | given(errorDetails=trial.error_details or None)
    return given(
        status=trial.status,
        output=trial.output,
        error=trial.error,
        cause=trial.cause,
        nextState=trial.next_state,
        inspectionData=inspected if level != "INFO" else None,
    )
