"""What a target is: somewhere a scenario runs, and what cannot be done or seen there."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from simulator.scenario.model import Scenario
from simulator.targets.recording import Recording


class Ability(StrEnum):
    """What a scenario may need of a target. Values stand in messages: `faults: AWS cannot be told to fail`."""

    FAULTS = "faults"
    MOCKS = "mocks"
    OPERATORS = "operators"
    PROBES = "steady state"
    ABORTS = "abort conditions"
    EXACT_WAITS = "exact waits"
    DURATIONS = "durations"
    CALLS = "calls"
    FUNCTIONS = "functions"
    NOTIFICATIONS = "notifications"
    METRICS = "metrics"
    RECOVERY_POINTS = "recovery points"
    PARTS = "a system in parts"
    SEEDS = "several seeds"
    ACCOUNTS = "servers in other accounts"
    RECOVERIES = "a recovery that is no drill"
    COVERAGE = "coverage"


Lacks = Mapping[Ability, str]
"""The abilities that a target does not have, each with the reason."""

NOTHING: Lacks = MappingProxyType({})


class Target(Protocol):
    """Somewhere a scenario runs."""

    @property
    def name(self) -> str:
        """What people call it, as in `--target`."""

    @property
    def lacks(self) -> Lacks:
        """What it cannot do. Checks that need any of it are skipped, and say why."""

    def run(self, scenario: Scenario, seed: int) -> Recording:
        """Run a scenario once. Raises UserError for what the scenario names and the target cannot use."""
