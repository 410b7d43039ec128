"""Lambda functions of the simulated account: their sandboxes, invocations, timeouts and errors, in virtual time.

A sandbox serves one invocation at a time and is kept for the next, as Lambda does; concurrent invocations get sandboxes of
their own. A handler that outlives its timeout is ended where it waits and its sandbox is thrown away.
"""

import json
import os
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from greenlet import GreenletExit

from simulator.account.faults import FaultBoard
from simulator.account.function_faults import run_with
from simulator.account.invocations import Computes, Invocation, failed
from simulator.account.node import NodeError
from simulator.account.qualifiers import LATEST, Published, refused, split
from simulator.account.sandbox import Code, Sandbox
from simulator.clock import Process, VirtualClock
from simulator.errors import HandlerError, HorizonReached, Problem, ServiceError
from simulator.journal import FunctionInvoked, FunctionReturned, Journal, LogLine
from simulator.json_types import JsonValue
from simulator.rng import Chance

COMPUTES = "computes for ever, without a call or a wait"
NO_CHAIN: Mapping[str, int] = {}
UNRESERVED_INVOCATIONS = 100_000  # nothing stops a function that nothing is reserved for
MAX_INIT_MS = 10_000  # how long Lambda lets a sandbox import its code
MAX_LOG_TAIL_BYTES = 4_096
MAX_PAYLOAD_BYTES = 6 * 1024 * 1024  # Lambda's limit for synchronous invocations, requests and answers


class SandboxEnded(GreenletExit):
    """Raised in a handler whose time is up. Not an Exception: handlers must not be able to carry on."""


class SimulatorBug(BaseException):
    """Carries an exception of the simulator through a handler's `except Exception` to where it is reported."""


@dataclass(frozen=True, slots=True)
class Function:
    """A deployed function. `environment` are its own variables; the runtime's are added.

    One that `is_guarded` lets other services in only as its resource policy says. `settings` are what else it was created
    with, as the Lambda API shows it.
    """

    name: str
    code: Code
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_ms: int = 3_000
    memory_mib: int = 128
    is_guarded: bool = False
    settings: Mapping[str, JsonValue] = field(default_factory=dict)
    version: str = LATEST

    @property
    def key(self) -> str:
        """What tells the function from its other versions."""
        return self.name if self.version == LATEST else f"{self.name}:{self.version}"


@dataclass(slots=True)
class LambdaContext:
    """The context object that Lambda hands to a handler."""

    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    remaining_ms: Callable[[], int]
    function_version: str = LATEST
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds of virtual time until the function times out."""
        return self.remaining_ms()


class Functions:
    """Every function of one account and Region. Unless it `keeps_sandboxes`, each invocation gets a fresh one."""

    def __init__(
        self,
        clock: VirtualClock,
        chance: Chance,
        journal: Journal,
        account_id: str,
        region: str,
        faults: FaultBoard | None = None,
    ) -> None:
        self._clock, self._chance, self._journal = clock, chance, journal
        self._faults = faults or FaultBoard(chance, journal)
        self.account_id, self.region = account_id, region
        self._functions: dict[str, Function] = {}
        self._idle: dict[str, list[Sandbox]] = {}
        self._invocations: dict[str, int] = {}
        self._sandboxes: dict[str, int] = {}
        self._running: dict[str, int] = {}
        self._logs: dict[str, str] = {}
        self.published: Published[Function] = Published()
        self.reserved: dict[str, int] = {}
        self.keeps_sandboxes = True

    def deploy(self, function: Function) -> str:
        """Add a function; its ARN. Another of the same name is replaced."""
        self._functions[function.name] = function
        self._idle[function.name] = []
        return self.arn(function.name)

    def arn(self, name: str) -> str:
        """The ARN a function of this name has."""
        return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{name}"

    def get(self, name_or_arn: str, drawn: float = 1.0) -> Function:
        """A function by name, ARN or qualified ARN; `drawn` (0 to 1) decides where an alias has two versions.

        Raises Lambda's ResourceNotFoundException.
        """
        name, qualifier = split(name_or_arn)
        found = self._functions.get(name)
        version = self.published.version(name, qualifier or LATEST, drawn)
        if found is not None and version != LATEST:
            found = self.published.find(name, version)
        if found is None:
            arn = self.arn(name) + (f":{qualifier}" if qualifier else "")
            raise refused("ResourceNotFoundException", f"Function not found: {arn}", 404)
        return found

    def all(self) -> list[Function]:
        """Every function, in the order of their names."""
        return [self._functions[name] for name in sorted(self._functions)]

    def remove(self, name: str) -> None:
        """Take a function away, with its versions and aliases. Raises Lambda's ResourceNotFoundException."""
        self._functions.pop(self.get(name).name)
        self.published.forget(name)
        self.reserved.pop(name, None)

    def load_all(self) -> None:
        """Import every handler now, so that code that cannot run is found before anything happens.

        The sandboxes are kept for the first invocations. Raises HandlerError with a problem for each function that fails.
        """
        problems: list[Problem] = []
        for function in self._functions.values():
            sandbox = self._new_sandbox(function)
            process = self._clock.spawn(f"{function.name} init", sandbox.load, context=sandbox, supervised=True)
            with suppress(HorizonReached):
                self._clock.run(self._clock.now_ms + MAX_INIT_MS)
            sandbox.flush()
            if not process.ended.is_set:
                message = f"the handler cannot be imported: that takes more than Lambda's {MAX_INIT_MS // 1000} seconds"
                problems.append(Problem(str(function.code.path), message))
            elif isinstance(process.error, Computes):
                problems.append(Problem(str(function.code.path), f"the handler cannot be imported: it {COMPUTES}"))
            elif isinstance(process.error, HandlerError):
                problems += process.error.problems
            elif process.error is not None:
                raise process.error
            self._idle[function.name].append(sandbox)
        if problems:
            raise HandlerError(problems)

    def invoke(self, name_or_arn: str, payload: JsonValue, chain: Mapping[str, int] = NO_CHAIN) -> Invocation:
        """Run a handler to its end in virtual time, for the current process.

        `chain` is how often each function was invoked on the way here, this time included. A caller that gives up waiting
        does not end the invocation. Raises ServiceError for an unknown function and for one that runs as often as is
        reserved for it; what the handler does wrong is in the Invocation.
        """
        function = self.get(name_or_arn, self._share(name_or_arn))
        if self._running.get(function.name, 0) >= self.reserved.get(function.name, UNRESERVED_INVOCATIONS):
            reason = {"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User"}
            raise ServiceError("TooManyRequestsException", "Rate Exceeded.", 429, reason)
        self._running[function.name] = self._running.get(function.name, 0) + 1
        service = self._clock.spawn(
            f"{function.name} service", lambda: self._serve(function, payload, chain), supervised=True
        )
        service.ended.wait()
        if service.error is not None:
            raise service.error
        invocation: Invocation = service.value
        return invocation

    def _serve(self, function: Function, payload: JsonValue, chain: Mapping[str, int]) -> Invocation:
        """One invocation, from taking a sandbox to giving it back."""
        try:
            return self._served(function, payload, chain)
        finally:
            self._running[function.name] -= 1

    def _served(self, function: Function, payload: JsonValue, chain: Mapping[str, int]) -> Invocation:
        idle = self._idle.setdefault(function.key, [])
        fault = self._faults.strike_function(function.name, payload, self._clock.now_ms)
        delay_ms = self._faults.delay_ms(fault.id, fault.delay) if fault else 0
        is_cold = not idle or (fault is not None and fault.does == "COLD_START")
        sandbox = self._new_sandbox(function) if is_cold else idle.pop()
        number = self._invocations[function.key] = self._invocations.get(function.key, 0) + 1
        sandbox.begin(self._chance.stream("lambda.request", f"{function.key}#{number}").uuid())
        self._logs[sandbox.request_id], sandbox.chain = "", chain
        sandbox.gate.open()
        self._journal.record(FunctionInvoked(function.name, sandbox.request_id, is_cold, payload))
        if fault is not None and fault.does == "COLD_START":
            self._clock.sleep_ms(delay_ms)  # its start is none of the function's time, but the caller waits for it
        started_ms = self._clock.now_ms
        context = self._context(function, sandbox, started_ms + function.timeout_ms)
        process = self._clock.spawn(
            f"{function.name} {sandbox.request_id}",
            lambda: run_with(fault, sandbox, self._clock, delay_ms, lambda: _frozen_after(sandbox, payload, context)),
            context=sandbox,
            supervised=True,
        )
        process.ended.wait(function.timeout_ms)
        outcome = self._outcome(function, sandbox, process, started_ms + function.timeout_ms)
        sandbox.flush()
        duration_ms = self._clock.now_ms - started_ms
        self._journal.record(
            FunctionReturned(
                function.name,
                sandbox.request_id,
                duration_ms,
                outcome.payload,
                outcome.error_type,
                outcome.error_message,
                function.memory_mib,
            )
        )
        if not self.keeps_sandboxes:
            sandbox.end(SandboxEnded())
        if not sandbox.is_dead:
            idle.append(sandbox)
        log = _log_of(function, sandbox.request_id, self._logs.pop(sandbox.request_id), duration_ms)
        return replace(outcome, log=log, version=function.version)

    def _timed_out(self, function: Function, sandbox: Sandbox) -> Invocation:
        sandbox.end(SandboxEnded())
        instant = self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = f"{instant} {sandbox.request_id} Task timed out after {function.timeout_ms / 1000:.2f} seconds"
        return failed("Sandbox.Timedout", message, sandbox.request_id)

    def _outcome(self, function: Function, sandbox: Sandbox, process: Process, deadline_ms: int) -> Invocation:
        if not process.ended.is_set:
            process.interrupt(SandboxEnded())
            return self._timed_out(function, sandbox)
        match process.error:
            case Computes():
                sandbox.write(f"drsim: the handler {COMPUTES}: that counts as its timeout\n")
                self._clock.sleep_ms(max(0, deadline_ms - self._clock.now_ms))
                return self._timed_out(function, sandbox)
            case None:
                outcome: Invocation = process.value
                return outcome
            case SimulatorBug() as bug:
                raise bug.__cause__ or bug
            case Exception() | KeyboardInterrupt() as error:
                raise error  # ours: what a handler raises is in its outcome
            case _:  # SystemExit and its like end the process
                sandbox.end(SandboxEnded())
                message = f"RequestId: {sandbox.request_id} Error: Runtime exited with error: exit status 1"
                return failed("Runtime.ExitError", message, sandbox.request_id)

    def _new_sandbox(self, function: Function) -> Sandbox:
        number = self._sandboxes[function.key] = self._sandboxes.get(function.key, 0) + 1
        entity = f"{function.key}/{number}"
        stream = self._chance.stream("lambda.sandbox", entity).hex(32)
        environment = self._runtime_environment(function, stream) | dict(function.environment)
        sandbox = Sandbox(function.name, function.code, environment, self._chance, lambda text: self._log(sandbox, text))
        return sandbox

    def note(self, function: str, text: str) -> None:
        """Say in a function's log what Lambda did without invoking it."""
        self._journal.record(LogLine(function, "", text))

    def _log(self, sandbox: Sandbox, text: str) -> None:
        if self._clock.is_closing:  # what is unwound at the world's end has nothing to tell any more
            return
        self._journal.record(LogLine(sandbox.name, sandbox.request_id, text))
        if sandbox.request_id in self._logs:
            self._logs[sandbox.request_id] = f"{self._logs[sandbox.request_id]}{text}\n"[-MAX_LOG_TAIL_BYTES:]

    def _share(self, name_or_arn: str) -> float:
        """A draw for an alias that splits its invocations; no other draws anything."""
        name, qualifier = split(name_or_arn)
        alias = self.published.aliases.get(name, {}).get(qualifier or "")
        if alias is None or not alias.weights:
            return 1.0
        key = f"{name}:{alias.name}"
        self._invocations[key] = self._invocations.get(key, 0) + 1
        return self._chance.stream("lambda.alias", f"{key}#{self._invocations[key]}").uniform()

    def _runtime_environment(self, function: Function, stream: str) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": f"ASIA{self.account_id}SIMU",
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_SESSION_TOKEN": "simulated",
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.11",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mib),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"{self._clock.now():%Y/%m/%d}/[{function.version}]{stream}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            # The machine's own AWS configuration must not reach a handler.
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
            "AWS_EC2_METADATA_DISABLED": "true",
            "LAMBDA_TASK_ROOT": "/var/task",
            "LANG": "en_US.UTF-8",
            "PATH": os.environ.get("PATH", os.defpath),
            "TZ": ":UTC",
        }

    def _context(self, function: Function, sandbox: Sandbox, deadline_ms: int) -> LambdaContext:
        return LambdaContext(
            function.name,
            self.arn(function.key),
            str(function.memory_mib),
            sandbox.request_id,
            f"/aws/lambda/{function.name}",
            f"{self._clock.now():%Y/%m/%d}/[{function.version}]{sandbox.request_id.replace('-', '')}",
            lambda: max(0, deadline_ms - self._clock.now_ms),
            function.version,
        )


def _frozen_after(sandbox: Sandbox, payload: JsonValue, context: LambdaContext) -> Invocation:
    """An invocation, after which Lambda freezes the sandbox: threads that are left wait for the next one."""
    try:
        return _run(sandbox, payload, context)
    finally:
        sandbox.gate.close()


def _log_of(function: Function, request_id: str, lines: str, duration_ms: int) -> str:
    """The end of an invocation's log as Lambda shows it, with its own lines around the function's."""
    told = f"RequestId: {request_id}"
    report = f"Duration: {duration_ms}.00 ms\tBilled Duration: {duration_ms} ms\tMemory Size: {function.memory_mib} MB"
    log = f"START {told} Version: {function.version}\n{lines}END {told}\nREPORT {told}\t{report}\n"
    return log.encode()[-MAX_LOG_TAIL_BYTES:].decode(errors="ignore")


def _run(sandbox: Sandbox, payload: JsonValue, context: LambdaContext) -> Invocation:
    """The body of an invocation, inside its sandbox."""
    try:
        handler = sandbox.load()
    except HandlerError as error:
        return failed("Runtime.ImportModuleError", str(error), context.aws_request_id)
    try:
        answer = handler(json.loads(json.dumps(payload)), context)
    except NodeError as error:
        if error.is_fatal:
            sandbox.end(SandboxEnded())
        return failed(str(error.document.get("errorType")), str(error), context.aws_request_id, error.document.get("trace"))
    except Exception as error:
        sandbox.write(f"[ERROR] {type(error).__name__}: {error}\n")
        return failed(type(error).__name__, str(error), context.aws_request_id, _stack(error, sandbox.code))
    try:
        text = json.dumps(answer)
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        return failed("Runtime.MarshalError", message, context.aws_request_id)
    if len(text) > MAX_PAYLOAD_BYTES:
        message = f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes)."
        return failed("Function.ResponseSizeTooLarge", message, context.aws_request_id)
    return Invocation(json.loads(text))


def _stack(error: BaseException, code: Code) -> list[str]:
    """The stack as Lambda shows it, for the function's own code: under /var/task, the same on every machine."""
    frames = traceback.extract_tb(error.__traceback__)
    shown = [(path, frame.lineno or 0, frame.name, frame.line) for frame in frames if (path := code.shown(frame.filename))]
    return traceback.format_list(shown)  # which tells of a line that calls itself once
