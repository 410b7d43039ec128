"""The service's settings that a scenario's fleet asks for."""

from collections.abc import Mapping
from dataclasses import replace

from simulator.drs.settings import PROFILES, Distribution, Settings
from simulator.scenario.fleet import Fleet
from simulator.scenario.latency import Latencies


def drs_settings(fleet: Fleet) -> Settings:
    """The default settings, with the fleet's profile and its own latencies over it."""
    given = {**_distributions(fleet.profile.latency), **_distributions(fleet.latency)}
    return Settings(profiles={**PROFILES, fleet.profile.name: replace(PROFILES[fleet.profile.base], **given)})


def _distributions(latencies: Latencies) -> Mapping[str, Distribution]:
    return {
        phase: Distribution(latency.median_ms / 1000, latency.p95_ms / 1000) for phase, latency in latencies.given().items()
    }
