"""Distributed Map: each item is an execution of its own."""

from simulator.engine.failures import ExpressionError
from simulator.engine.frame import Frame
from simulator.engine.machine import MapState
from simulator.engine.scope import Scope
from simulator.json_types import JsonValue


def run_distributed(frame: Frame, state: MapState, scope: Scope) -> JsonValue:
    """Not there yet: fails the execution with an error that says so."""
    raise ExpressionError("A Distributed Map is not simulated yet.")
