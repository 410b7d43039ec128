"""The service's settings that a scenario's fleet asks for."""

from dataclasses import replace

from simulator.drs.settings import PROFILES, Distribution, Settings
from simulator.scenario.fleet import Fleet


def drs_settings(fleet: Fleet) -> Settings:
    """The default settings, with the fleet's own latencies in its profile."""
    given = {
        phase: Distribution(latency.median_ms / 1000, latency.p95_ms / 1000)
        for phase, latency in fleet.latency.given().items()
    }
    return Settings(profiles={**PROFILES, fleet.profile: replace(PROFILES[fleet.profile], **given)})
