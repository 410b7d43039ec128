"""The service's settings that a scenario asks for: the defaults, its `drs:` over them, and the latencies of its fleet."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from simulator.drs.latency import EXTENDED
from simulator.drs.settings import PROFILES, Distribution, Rate, Settings
from simulator.scenario.fields import Model
from simulator.scenario.fleet import Fleet
from simulator.scenario.latency import Latencies, Latency
from simulator.scenario.model import Scenario
from simulator.scenario.service import Rates

Section = TypeVar("Section")

# Where the service counts in another unit than milliseconds, by the scenario's attribute: its own name, and how many
# milliseconds its unit has.
_UNITS: Mapping[str, tuple[str, int]] = {
    "attempt_ms": ("attempt_minutes", 60_000),
    "rescan_per_gib_ms": ("rescan_seconds_per_gib", 1000),
}


def drs_settings(scenario: Scenario) -> Settings:
    """The settings of the service in a scenario's world."""
    fleet, own = scenario.fleet, _profile(scenario.fleet)
    profiles = {**PROFILES, fleet.profile.name: own}
    if fleet.profile.base == EXTENDED:  # what the service takes for any server that it extends
        profiles[EXTENDED] = own
    return replace(_over(Settings(), scenario.drs), profiles=profiles)


def setting_of(attribute: str) -> tuple[str, int]:
    """The name of a setting, and how many of the scenario's units it has, by the scenario's attribute."""
    if attribute.endswith("_ms"):
        return _UNITS.get(attribute, (f"{attribute.removesuffix('_ms')}_seconds", 1000))
    return attribute, 1


def _profile(fleet: Fleet) -> Any:
    given = {**_distributions(fleet.profile.latency), **_distributions(fleet.latency)}
    return replace(PROFILES[fleet.profile.base], **given)


def _distributions(latencies: Latencies) -> Mapping[str, Distribution]:
    return {phase: _distribution(latency) for phase, latency in latencies.given().items()}


def _distribution(latency: Latency) -> Distribution:
    return Distribution(latency.median_ms / 1000, latency.p95_ms / 1000)


def _over(section: Section, given: Model) -> Section:
    """A section of the settings with all that a scenario gives in place of the defaults."""
    changes = {}
    for attribute in given.model_fields_set:
        value = getattr(given, attribute)
        name, unit = setting_of(attribute)
        if value is not None:
            changes[name] = _setting(getattr(section, name), value, unit)
    return replace(section, **changes)  # type: ignore[type-var]  # every section is a dataclass


def _setting(default: Any, value: Any, unit: int) -> Any:
    match value:
        case "unlimited":
            return None
        case Latency():
            return _distribution(value)
        case Rates():
            return {**default, **{kind: Rate(rate.per_second, rate.burst) for kind, rate in value.given().items()}}
        case Model():
            return _over(default, value)
        case _ if unit == 1:
            return value
        case _:
            return max(1, round(value / unit)) if isinstance(default, int) else value / unit
