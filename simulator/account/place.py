"""What one account has of its own in one Region: its functions and its state machines."""

from dataclasses import dataclass

from simulator.account.deployed_code import DeployedCode
from simulator.account.faults import FaultBoard
from simulator.account.functions import Functions
from simulator.account.integrations.dispatch import ServiceIntegrations
from simulator.account.lambdas.api import LambdaApi
from simulator.account.states.api import StatesApi
from simulator.clock import VirtualClock
from simulator.journal import Journal
from simulator.rng import Chance


@dataclass(frozen=True, slots=True)
class Place:
    """One account in one Region."""

    account_id: str
    region: str
    functions: Functions
    lambda_api: LambdaApi
    states: StatesApi
    integrations: ServiceIntegrations


def place(
    clock: VirtualClock,
    chance: Chance,
    journal: Journal,
    faults: FaultBoard,
    code: DeployedCode,
    account_id: str,
    region: str,
) -> Place:
    """An account in a Region, with nothing in it."""
    functions = Functions(clock, chance, journal, account_id, region, faults)
    integrations = ServiceIntegrations(clock, chance, functions, faults)
    states = StatesApi(clock, chance, journal, account_id, region, integrations)
    integrations.executions = states.executions
    return Place(account_id, region, functions, LambdaApi(clock, chance, functions, code), states, integrations)
