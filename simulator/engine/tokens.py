"""Task tokens: the other way in which a waiting task ends.

A token is a function of the run's seed and its number, opaque and long as AWS's are. Only open tokens are kept: whether
somebody's text ever was a token can be told from the text itself.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from simulator.clock import Signal, VirtualClock
from simulator.engine.failures import InvalidOutput, InvalidToken, TaskTimedOut
from simulator.engine.json_text import decode, size_bytes
from simulator.json_types import JsonValue
from simulator.rng import Chance

NUMBER_DIGITS = 12
SECRET_DIGITS = 84
MAX_OUTPUT_BYTES = 262_144


@dataclass(slots=True)
class OpenTask:
    """A task that waits for its token. `changed` is set whenever something happened to it and then replaced.

    It is over when `is_answered`: with `output`, or with `failure` (error and cause, each may be None).
    """

    token: str
    execution_arn: str
    changed: Signal
    last_beat_ms: int
    is_started: bool = True
    is_answered: bool = False
    output: JsonValue = None
    failure: tuple[str | None, str | None] | None = None
    worker: str | None = None
    input: str = ""


class TaskTokens:
    """All task tokens of a run. `has_activity` says of an ARN whether there is such an activity; without it, there is."""

    def __init__(self, clock: VirtualClock, chance: Chance) -> None:
        self.has_activity: Callable[[str], bool] = lambda arn: True
        self._clock = clock
        self._chance = chance
        self._open: dict[str, OpenTask] = {}
        self._issued = 0
        self._offered: dict[str, deque[OpenTask]] = {}
        self._arrived: dict[str, Signal] = {}

    def issue(self, execution_arn: str) -> OpenTask:
        """A new token that waits for its answer."""
        self._issued += 1
        task = OpenTask(self._token(self._issued), execution_arn, Signal(self._clock), self._clock.now_ms)
        self._open[task.token] = task
        return task

    def offer(self, task: OpenTask, activity_arn: str, text: str) -> None:
        """Queue an activity's task for its workers; its heartbeats count from when one takes it."""
        task.is_started, task.input = False, text
        self._offered.setdefault(activity_arn, deque()).append(task)
        self._arrivals(activity_arn).set()
        self._arrived[activity_arn] = Signal(self._clock)

    def take(self, activity_arn: str, worker: str | None = None, wait_ms: int = 60_000) -> tuple[str, str] | None:
        """GetActivityTask: (token, input) of the oldest task that waits, None if none comes within `wait_ms`.

        Blocks the calling process of the clock.
        """
        deadline_ms = self._clock.now_ms + wait_ms
        while True:
            if task := self._oldest(activity_arn):
                task.is_started, task.worker = True, worker
                task.last_beat_ms = self._clock.now_ms
                task.changed.set()
                return task.token, task.input
            left_ms = deadline_ms - self._clock.now_ms
            if left_ms <= 0 or not self._arrivals(activity_arn).wait(left_ms):
                return None

    def _arrivals(self, activity_arn: str) -> Signal:
        return self._arrived.setdefault(activity_arn, Signal(self._clock))

    def _oldest(self, activity_arn: str) -> OpenTask | None:
        queue = self._offered.get(activity_arn, deque())
        while queue:
            task = queue.popleft()
            if task.token in self._open:
                return task
        return None

    def close(self, task: OpenTask) -> None:
        """Nobody waits for this token any more; answers to it are refused from now on."""
        self._open.pop(task.token, None)

    def succeed(self, token: str, output: str) -> None:
        """SendTaskSuccess. `output` is JSON text. Raises `InvalidToken`, `TaskTimedOut`, `InvalidOutput`."""
        task = self._find(token)
        try:
            value: JsonValue = decode(output)
        except ValueError as error:
            raise InvalidOutput(f"Invalid Output: '{error}'") from error
        if size_bytes(output) > MAX_OUTPUT_BYTES:
            raise InvalidOutput("Invalid Output: 'the output is longer than 262144 bytes'")
        task.output = value
        self._answer(task)

    def fail(self, token: str, error: str | None, cause: str | None) -> None:
        """SendTaskFailure. Raises `InvalidToken`, `TaskTimedOut`."""
        task = self._find(token)
        task.failure = (error, cause)
        self._answer(task)

    def heartbeat(self, token: str) -> None:
        """SendTaskHeartbeat. Raises `InvalidToken`, `TaskTimedOut`."""
        self._find(token).last_beat_ms = self._clock.now_ms

    def _answer(self, task: OpenTask) -> None:
        task.is_answered = True
        self.close(task)
        task.changed.set()

    def _find(self, token: str) -> OpenTask:
        task = self._open.get(token)
        if task:
            return task
        if self._was_issued(token):
            raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")
        raise InvalidToken("Invalid Token: 'Invalid token'")

    def _was_issued(self, token: str) -> bool:
        number = token[:NUMBER_DIGITS]
        return number.isascii() and number.isdigit() and token == self._token(int(number)) and int(number) <= self._issued

    def _token(self, number: int) -> str:
        return f"{number:0{NUMBER_DIGITS}d}" + self._chance.stream("engine.token", str(number)).hex(SECRET_DIGITS)
