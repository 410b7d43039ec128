"""How things go wrong inside an execution, and around its task tokens.

`StateFailure` is an error in the language's own sense: a name that Retry and Catch match, and a cause. It travels up the
interpreter's stack until a state handles it or the execution ends with it. None of these ever leaves the engine except
where a docstring says so.
"""

from simulator.errors import DrsimError


class TaskFailure(DrsimError):
    """Raised by an integration: the called service or function answered with an error.

    `error` is the name as Step Functions gives it (`Lambda.TooManyRequestsException`, a handler's exception class),
    `cause` the text that goes with it or None.
    """

    def __init__(self, error: str, cause: str | None = None) -> None:
        super().__init__(error, cause)
        self.error = error
        self.cause = cause


class StateFailure(DrsimError):
    """A state failed with `error` and `cause`, each None where a Fail state names none.

    `is_terminal`: neither Retry nor Catch may handle it, wherever it arose. `alias` is a second name that rules may use.
    """

    def __init__(self, error: str | None, cause: str | None, *, is_terminal: bool = False, alias: str | None = None) -> None:
        super().__init__(error, cause)
        self.error = error
        self.cause = cause
        self.is_terminal = is_terminal
        self.alias = alias


class ExpressionError(DrsimError):
    """A path, a template, an intrinsic function or a field's value cannot be used with the data at hand.

    `error` is the language's name for it. The state that meets it adds its own name and event id to the message. `location`
    is the field (`Output/total`) in JSONata, where an EvaluationFailed event tells of it, else None; `is_expression` says
    that the expression itself failed, not the use of its value.
    """

    def __init__(
        self, message: str, error: str = "States.Runtime", location: str | None = None, *, is_expression: bool = True
    ) -> None:
        super().__init__(message)
        self.message = message
        self.error = error
        self.location = location
        self.is_expression = is_expression


class Cancelled(BaseException):
    """Raised where a process of an execution waits when nobody wants its result any more.

    Not an `Exception`, so that a handler's `except Exception` does not swallow it.
    """


class TokenError(DrsimError):
    """A task token cannot be used as asked."""


class InvalidToken(TokenError):
    """No task token ever looked like this."""


class TaskTimedOut(TokenError):
    """The token was issued, but its task is over: answered before, timed out or retried since."""


class InvalidOutput(TokenError):
    """The output given for a token is not JSON."""


class NotRedrivable(DrsimError):
    """An execution that cannot be redriven: still running, succeeded, Express, or its history is full."""
