"""How long what Systems Manager runs takes, and how it ends: modelled, since nothing really runs on simulated machines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from simulator.rng import Chance

Ending = Literal["Success", "Failed", "TimedOut", "hang"]


@dataclass(frozen=True, slots=True)
class Duration:
    """A log-normal duration by its median and 95th percentile, in seconds; a constant if they are equal."""

    median_seconds: float
    p95_seconds: float

    def draw_ms(self, chance: Chance, entity: str) -> int:
        """A draw that belongs to one entity alone, in milliseconds."""
        if self.p95_seconds == self.median_seconds:
            return round(self.median_seconds * 1000)
        return round(chance.stream("ssm.duration", entity).lognormal(self.median_seconds, self.p95_seconds) * 1000)


COMMAND = Duration(10, 40)  # a shell script
SCRIPT = Duration(5, 20)  # a step of an automation whose action is only modelled


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of a command or of a step of an automation.

    `document`, `step` and `instance` say which: names or ids, with `*` for any; a command has no step. `times` bounds how
    often it happens, None: always. `output` is a command's standard output, `outputs` what an action answers, by name.
    `fault` is the fault that it belongs to, if it does to one.
    """

    document: str = "*"
    step: str = "*"
    instance: str = "*"
    ending: Ending = "Success"
    duration: Duration | None = None
    output: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    times: int | None = None
    fault: str = ""


@dataclass(slots=True)
class Outcomes:
    """The outcomes that somebody asked for, in order; the first one that fits and is not used up counts.

    `struck` is told of each that belongs to a fault, as it happens.
    """

    struck: Callable[[Outcome], None] = lambda _: None
    asked: list[Outcome] = field(default_factory=list)
    used: dict[int, int] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Let something end in a certain way from now on."""
        self.asked.append(outcome)

    def take(self, document: str, step: str = "", instance: str = "") -> Outcome | None:
        """The outcome of one command or step, used up once; None if nobody asked for one."""
        for number, outcome in enumerate(self.asked):
            fits = (
                fnmatchcase(document, outcome.document) and _fits(step, outcome.step) and _fits(instance, outcome.instance)
            )
            if fits and (outcome.times is None or self.used.get(number, 0) < outcome.times):
                self.used[number] = self.used.get(number, 0) + 1
                if outcome.fault:
                    self.struck(outcome)
                return outcome
        return None


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern)
