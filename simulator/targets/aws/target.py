"""Runs scenarios on AWS, by a stack that is deployed there, once somebody has agreed to what it costs."""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.errors import Problem, UserError
from simulator.journal import RunEnded
from simulator.scenario.model import Scenario
from simulator.targets.aws.deployed import Deployed
from simulator.targets.aws.drill import Drill
from simulator.targets.recording import Recording
from simulator.targets.target import Ability, Lacks

_UNSEEN = "AWS does not tell at once what was called, logged or published"
_REAL = "this is AWS, where nothing can be made to fail or to decide on command"


@dataclass(frozen=True, slots=True)
class Asking:
    """What the person in front of the terminal says. `confirm` asks; `may_recover` allows what is no drill."""

    confirm: Callable[[str], bool]
    pause: Callable[[float], None]
    may_recover: bool = False


class AwsTarget:
    """Runs scenarios on a deployed stack; `connect` reaches it in a Region."""

    name = "aws"

    def __init__(self, connect: Callable[[str], Deployed], asking: Asking) -> None:
        self._connect, self._asking = connect, asking

    @property
    def lacks(self) -> Lacks:
        """Whatever needs a simulated account."""
        recoveries = {} if self._asking.may_recover else {Ability.RECOVERIES: "it is started only with --recovery"}
        return {
            Ability.FAULTS: _REAL,
            Ability.MOCKS: _REAL,
            Ability.OPERATORS: _REAL,
            Ability.PROBES: _UNSEEN,
            Ability.ABORTS: "a drill that DRS has begun is not taken back",
            Ability.EXACT_WAITS: "AWS measures in its own time",
            Ability.CALLS: _UNSEEN,
            Ability.FUNCTIONS: _UNSEEN,
            Ability.NOTIFICATIONS: _UNSEEN,
            Ability.METRICS: _UNSEEN,
            Ability.RECOVERY_POINTS: _UNSEEN,
            Ability.PARTS: "AWS runs what is deployed there",
            Ability.SEEDS: "chance is AWS's own",
            Ability.ACCOUNTS: "only the stack's own account is looked at",
            **recoveries,
        }

    def run(self, scenario: Scenario, seed: int) -> Recording:
        """Run a scenario once, after having asked. Raises UserError for what is not there, is refused, or not agreed to."""
        cloud = self._connect(scenario.fleet.region)
        drill = Drill(cloud, scenario)
        if not self._asking.confirm(drill.question()):
            raise UserError([Problem(cloud.stack, "nothing was started: that was not agreed to")])
        answer, execution = drill.begin(self._asking.pause)
        ended = drill.follow(execution, self._asking.pause) if execution else ("finished", "")
        journal = drill.told(seed, answer, execution, RunEnded(*ended))
        return Recording(journal, drill.server_ids, journal[-1].at_ms)
