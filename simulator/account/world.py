"""A world: one simulated AWS account with its clock, chance and journal, run once and thrown away."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from simulator.account import moto_services, seam, surroundings
from simulator.account.account import Account
from simulator.account.faults import FaultBoard
from simulator.account.functions import Functions
from simulator.account.integrations.dispatch import ServiceIntegrations
from simulator.account.lambda_api import LambdaApi
from simulator.account.states.api import StatesApi
from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.drs.refusals import validation_error
from simulator.drs.service import DrsService
from simulator.drs.settings import Settings
from simulator.journal import Journal
from simulator.rng import Chance

ACCOUNT_ID = "123456789012"


class World:
    """Everything a run consists of. Use it inside `installed()`."""

    def __init__(self, seed: int, start: datetime, region: str, drs_settings: Settings) -> None:
        self.region = region
        self.clock = VirtualClock(start)
        self.chance = Chance(seed)
        self.journal = Journal(lambda: self.clock.now_ms)
        self.faults = FaultBoard(self.chance, self.journal)
        self.drs = DrsService(self.clock, self.chance, self.journal, drs_settings)
        self.functions = Functions(self.clock, self.chance, self.journal, ACCOUNT_ID, region)
        integrations = ServiceIntegrations(self.clock, self.chance, self.functions, self.faults)
        self.states = StatesApi(self.clock, self.chance, self.journal, ACCOUNT_ID, region, integrations)
        integrations.executions = self.states.executions
        lambda_api = LambdaApi(self.clock, self.functions)
        self.account = Account(
            ACCOUNT_ID,
            self.clock,
            self.journal,
            self.faults,
            own={"drs": self._drs, "states": self.states.call, "lambda": lambda_api.call},
            shape_errors={"drs": validation_error},
        )

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Let this process's boto3, time and randomness be the world's; end every process of the world on the way out."""
        with surroundings.installed(self.clock, self.chance), seam.answering(self.account.answer):
            moto_services.reset(self.chance)
            try:
                yield
            finally:
                self.clock.close()

    def _drs(self, request: Decoded) -> Mapping[str, Any]:
        return self.drs.call(ACCOUNT_ID, request.region, request.operation, request.parameters)
