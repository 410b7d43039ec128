"""The Lambda API: which operation is answered where."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulator.account.deployed_code import DeployedCode
from simulator.account.functions import Functions
from simulator.account.lambdas.deployment import Deployment
from simulator.account.lambdas.invoking import Invoking
from simulator.account.lambdas.layers import Layers
from simulator.account.lambdas.packages import Packages
from simulator.account.lambdas.records import Operation, Records
from simulator.account.lambdas.settings import Settings
from simulator.account.lambdas.unsimulated import unsimulated
from simulator.account.lambdas.versions import Versions
from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.errors import ServiceError
from simulator.rng import Chance


class LambdaApi:
    """Answers Lambda requests from the functions of one account and Region. `code` knows what was deployed as a zip."""

    def __init__(self, clock: VirtualClock, chance: Chance, functions: Functions, code: DeployedCode) -> None:
        records = Records(clock, chance, functions)
        packages, versions = Packages(functions), Versions(records)
        layers = Layers(records, packages, code)
        self.policies = records.policies
        self._operations: Mapping[str, Operation] = {
            **Deployment(records, code, packages, layers, versions).operations,
            **versions.operations,
            **layers.operations,
            **Invoking(clock, records).operations,
            **Settings(records).operations,
            **unsimulated(records),
        }

    @property
    def operations(self) -> Sequence[str]:
        """The operations that are answered."""
        return sorted(self._operations)

    def call(self, request: Decoded) -> Mapping[str, Any]:
        """Answer one request. Raises ServiceError."""
        operation = self._operations.get(request.operation)
        if operation is None:
            raise ServiceError("NotImplemented", f"lambda:{request.operation} is not simulated", 501)
        return operation(request.parameters)
