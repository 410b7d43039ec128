"""How long the parts of a job take: the profile's latency, the job's luck, and what its size makes of it.

All servers of a job share its luck with a phase, so that they move together; what differs between them has draws of its own,
keyed by the server and how often it was in a job of that kind. So another server or job shifts no draw but its own.
"""

import math

from simulator.drs import recovery_instances
from simulator.drs.model import Job, Participant
from simulator.drs.settings import Distribution, Latency, Profile
from simulator.drs.state import RegionState

EXTENDED = "extended"
_NOTHING_LEFT_MS = 1000  # deleting what somebody else has deleted already


def job_ms(state: RegionState, job: Job, latency: Latency) -> int:
    """What a job as a whole takes for something: as long as the slowest of its servers' profiles."""
    luck = _job_luck(state, job, latency)
    names = {participant.server.profile for participant in job.participants} or {next(iter(state.settings.profiles))}
    return max(round(_distribution(state, name, latency).at(luck) * 1000) for name in names)


def server_ms(state: RegionState, job: Job, participant: Participant, latency: Latency) -> int:
    """What one server of a job takes for a phase. A constant latency is taken as it is."""
    if latency in ("cleanup", "terminate") and recovery_instances.is_gone(state, participant.server):
        return _NOTHING_LEFT_MS
    distribution = _distribution(state, _profile(state, job, participant), latency)
    seconds = distribution.at(_job_luck(state, job, latency))
    if distribution.is_constant or latency not in ("conversion", "launch"):
        return round(seconds * 1000)
    scaling, servers = state.settings.scaling, len(job.participants)
    seconds *= scaling.factor(servers, participant.server.volume_gib)
    own = state.chance.stream("drs.server", f"{job.type}/{participant.server.key}/{participant.number}/{latency}")
    if latency == "conversion":
        seconds *= math.exp(own.normal(0, scaling.server_sigma))
    else:
        seconds += own.between(0, scaling.spread_seconds(servers))
    return round(seconds * 1000)


def boot_ms(state: RegionState, job: Job, participant: Participant) -> int:
    """How long before its launch ends a server's EC2 instance is started."""
    return round(_distribution(state, participant.server.profile, "boot").at(_job_luck(state, job, "boot")) * 1000)


def _profile(state: RegionState, job: Job, participant: Participant) -> str:
    """Whose latencies count: a conversion for another account is that of an extended server."""
    is_for_another = job.type == "CREATE_CONVERTED_SNAPSHOT" and EXTENDED in state.settings.profiles
    return EXTENDED if is_for_another else participant.server.profile


def _job_luck(state: RegionState, job: Job, latency: Latency) -> float:
    return state.luck("drs.phase", f"{job.key}/{latency}")


def _distribution(state: RegionState, profile: str, latency: Latency) -> Distribution:
    found: Profile = state.settings.profiles[profile]
    distribution: Distribution = getattr(found, latency)
    return distribution
