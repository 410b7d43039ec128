"""What goes wrong now and then without anybody having asked for it in particular: by rates, for soak tests."""

from collections.abc import Mapping, Sequence

from simulator.drs import refusals
from simulator.drs.faults import ServerFault
from simulator.drs.model import Job, Participant
from simulator.drs.settings import Background, Settings
from simulator.drs.state import RegionState
from simulator.errors import ServiceError
from simulator.rng import Chance

ID = "background"
_REASONS = {"CONVERSION": "The conversion failed", "LAUNCH": "InsufficientInstanceCapacity: there is no capacity"}

# By phase: how it may end, and the rate of that.
_ENDINGS: Mapping[str, Sequence[tuple[str, str]]] = {
    "CONVERSION": (("HANG", "hangs"), ("FAILED", "conversion_failures")),
    "LAUNCH": (("FAILED", "launch_failures"),),
}


def fault(state: RegionState, job: Job, participant: Participant, phase: str) -> ServerFault | None:
    """What befalls a server in a phase of its job. Of a job at most the first server hangs."""
    rates = state.settings.background
    for outcome, name in _ENDINGS.get(phase, ()):
        rate = getattr(rates, name)
        if rate == 0 or (outcome == "HANG" and participant is not job.participants[0]):
            continue
        key = f"{job.key}/{participant.server.key}/{phase}/{outcome}"
        if state.chance.stream("drs.background", key).happens(rate):
            return ServerFault(ID, participant.server.id, phase, outcome, _REASONS[phase])
    return None


def refuse(settings: Settings, chance: Chance, call: str) -> None:
    """Raises ServiceError for a call that befalls something; `call` names it among all."""
    rates: Background = settings.background
    for rate, error in ((rates.throttling, refusals.throttled), (rates.errors, refusals.internal)):
        if rate and chance.stream(f"drs.background.{error.__name__}", call).happens(rate):
            refused: ServiceError = error()
            raise refused
