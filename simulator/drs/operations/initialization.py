"""Setting DRS up in an account and Region: InitializeService."""

from simulator.drs.operations.wire import Answer, Request
from simulator.drs.state import RegionState


def initialize_service(state: RegionState, _request: Request) -> Answer:
    """Set DRS up; doing it again changes nothing."""
    state.is_initialized = True
    return {}
