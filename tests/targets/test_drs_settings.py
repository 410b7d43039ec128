"""What a scenario says of the service reaches it, and there is no knob that a scenario cannot turn."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

from simulator.drs.settings import PROFILES, Background, Distribution, Profile, Rate, Settings, SystemBoot
from simulator.scenario.fields import Model
from simulator.scenario.latency import Latencies
from simulator.scenario.loading import parse
from simulator.scenario.model import Scenario
from simulator.scenario.service import Service
from simulator.targets.drs_settings import drs_settings, setting_of

FLEET = "scenario: One\nfleet:\n  profile: {profile}\n  waves: [{{name: data, servers: 2}}]\n"
EVERYTHING = """\
drs:
  scaling:
    {serverShare: 0.1, crowd: 10, crowdShare: 0.02, doublingShare: 0, serverSigma: 0.2, leastSpread: 3s, mostSpread: 1m}
  quotas:
    {serversPerJob: 200, serversInJobs: 1000, jobsInProgress: 40, replicatingServers: 500, servers: 5000, launchActions: 100,
     launchTemplates: 2, sourceNetworks: 50, recoveryPlans: 10, stepsPerPlan: 5, serversPerPlan: 50}
  rates: {read: {perSecond: 0.5, burst: 4}, recover: {perSecond: 2, burst: 6}}
  replication:
    {bandwidth: 100Mbps, efficiency: 0.5, write: 512KiB/s, firstByte: 2m, firstSnapshot: 1m, rescan: {median: 5m, p95: 10m},
     rescanPerGib: 250ms, attempt: 15m, flapDown: 10s, flapUp: 20s}
  launchActions: {discovery: 3m, discoveryTimeout: 30m, run: 45s, holdsLaunch: false}
  failback: {initialising: 4m, pairing: 1m, client: 6m, terminated: 30m}
  networks: {replication: 1m, deployment: 2m, launchTemplates: 3s, deletesProtected: true}
  recoveryPlans:
    {validation: 2s, noticing: 4s, limit: 12h, limitFrom: resumption, showsTimedOut: false, jobPerServer: true,
     refusesStalled: true, cancelEndsWaits: true}
  readLatency: 100ms
  writeLatency: {median: 200ms, p95: 1s}
  logLag: 0s
  instanceLag: 1s500ms
  pageSize: 10
  jobHistory: 30d
  phaseBarrier: false
  launchStatus: fine
  logsLaunchEnd: false
  showsInstancesWhileStarted: false
  emptiesTerminateJobs: false
  unknownServer: ResourceNotFoundException
  duplicateServers: merge
  unreadyServers: refuse
  extendedServerId: own
  unknownSnapshot: ValidationException
  attempts: 2
  countsTerminations: false
  instants: zulu
  errorCodes: {ConflictException: "409"}
  logEvents: {TERMINATE: {CLEANUP_START: ""}}
  regionDigits: {eu-west-1: "6"}
  systemBoot: {linux: 4m, windows: 15m}
  background: {launchFailures: 0.005, conversionFailures: 0.003, hangs: 0.0005, throttling: 0.005, errors: 0.0005}
"""


def scenario(more: str = "", profile: str = "linux-direct") -> Scenario:
    return parse(FLEET.format(profile=profile) + more, Path("one.yaml"))


def test_a_scenario_that_says_nothing_has_the_defaults() -> None:
    assert drs_settings(scenario()) == Settings()


def test_a_phase_is_the_fleets_own_before_it_is_the_profiles(tmp_path: Path) -> None:
    ours = tmp_path / "ours.yaml"
    ours.write_text("name: ours\nbase: windows-direct\nlatency: {boot: 20s, queue: {median: 50s, p95: 1m40s}}\n", "utf-8")
    text = FLEET.format(profile=ours) + "  latency: {queue: 1m, terminate: {median: 2m, p95: 5m}}\n"

    settings = drs_settings(parse(text, tmp_path / "one.yaml"))
    assert settings.profiles["ours"] == Profile(
        conversion=PROFILES["windows-direct"].conversion,
        launch=PROFILES["windows-direct"].launch,
        boot=Distribution(20, 20),
        queue=Distribution(60, 60),
        terminate=Distribution(120, 300),
    )
    assert settings.profiles.keys() == {*PROFILES, "ours"}


def test_every_unit_becomes_the_services_own() -> None:
    settings = drs_settings(scenario(EVERYTHING))

    assert (settings.scaling.least_spread_seconds, settings.scaling.most_spread_seconds) == (3, 60)
    assert (settings.scaling.server_share, settings.scaling.crowd, settings.scaling.doubling_share) == (0.1, 10, 0)
    assert (settings.quotas.servers_per_job, settings.quotas.jobs_in_progress) == (200, 40)
    assert settings.rates == {"read": Rate(0.5, 4), "write": Rate(2, 5), "recover": Rate(2, 6)}
    replicating = settings.replicating
    assert (replicating.bandwidth_mbps, replicating.efficiency, replicating.write_mib_per_second) == (100, 0.5, 0.5)
    assert (replicating.first_byte, replicating.rescan) == (Distribution(120, 120), Distribution(300, 600))
    assert (replicating.rescan_seconds_per_gib, replicating.attempt_minutes) == (0.25, 15)
    assert isinstance(replicating.attempt_minutes, int)
    assert (replicating.flap_down_seconds, replicating.flap_up_seconds) == (10, 20)
    assert (settings.launch_actions.discovery_timeout_seconds, settings.launch_actions.holds_launch) == (1800, False)
    assert (settings.failing_back.client, settings.failing_back.terminated_seconds) == (Distribution(360, 360), 1800)
    assert (settings.networking.launch_templates, settings.networking.deletes_protected) == (Distribution(3, 3), True)
    assert (settings.recovery_plans.noticing, settings.recovery_plans.limit_seconds) == (Distribution(4, 4), 43_200)
    assert (settings.recovery_plans.limit_from, settings.recovery_plans.job_per_server) == ("resumption", True)
    assert (settings.read_latency, settings.write_latency) == (Distribution(0.1, 0.1), Distribution(0.2, 1))
    assert (settings.log_lag, settings.instance_lag) == (Distribution(0, 0), Distribution(1.5, 1.5))
    assert (settings.page_size, settings.job_history_seconds) == (10, 30 * 86_400)
    assert (settings.phase_barrier, settings.launch_status, settings.logs_launch_end) == (False, "fine", False)
    assert (settings.shows_instances_while_started, settings.empties_terminate_jobs) == (False, False)
    assert (settings.unknown_server, settings.duplicate_servers) == ("ResourceNotFoundException", "merge")
    assert (settings.unready_servers, settings.extended_server_id) == ("refuse", "own")
    assert (settings.unknown_snapshot, settings.attempts) == ("ValidationException", 2)
    assert (settings.counts_terminations, settings.instants) == (False, "zulu")
    assert settings.error_codes == {"ConflictException": "409"}
    assert settings.log_events == {"TERMINATE": {"CLEANUP_START": ""}}
    assert settings.system_boot == SystemBoot(Distribution(240, 240), Distribution(900, 900))
    assert settings.background == Background(0.005, 0.003, 0.0005, 0.005, 0.0005)
    assert settings.region_digits == {"eu-west-1": "6"}


def test_the_example_turns_every_knob() -> None:
    default, turned = Settings(), drs_settings(scenario(EVERYTHING))
    assert [name for name in _knobs(default) if _at(default, name) == _at(turned, name)] == []


def test_nothing_is_throttled_where_rates_are_unlimited() -> None:
    assert drs_settings(scenario("drs: {rates: unlimited}\n")).rates is None


def test_every_knob_of_the_service_is_a_key_of_the_scenario() -> None:
    offered = {f"{path}.{name}".strip(".") for path, name in _keys(Service)}
    assert offered == set(_knobs(Settings()))


def test_every_phase_of_a_profile_is_a_key_of_the_scenario() -> None:
    assert set(Latencies.model_fields) == {field.name for field in fields(Profile)}


def test_the_defaults_that_descriptions_tell_are_the_defaults() -> None:
    lines = list(_told(Service))
    assert len(lines) > 45
    assert drs_settings(scenario("drs:\n" + "\n".join(lines) + "\n")) == Settings()


def test_every_key_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs/scenarios.md").read_text("utf-8")
    keys = {str(field.alias) for model in _sections(Service) for field in model.model_fields.values()}
    keys |= {str(field.alias) for field in Latencies.model_fields.values()}
    assert sorted(key for key in keys if f"`{key}`" not in text) == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("{rates: many}", "5:14: expected `rates`: a mapping, found "),
        ("{replication: {bandwidth: 100}}", "expected a number and a unit (Kbps, Mbps, Gbps), such as 100Mbps, found 100"),
        ("{replication: {write: 5 m}}", "expected a number and a unit (KiB/s, MiB/s, GiB/s), such as 5MiB/s, found"),
        ("{scaling: {crowd: 2}}", "expected a number of at least 3, found 2"),
        ("{logLag: {median: 4s, p95: 2s}}", "the `p95` of a latency cannot be less than its `median`"),
        ("{fasebarrier: true}", "unknown key `fasebarrier` in `drs` (did you mean `phaseBarrier`?)"),
        ("{launchStatus: rough}", 'expected one of coarse or fine, found "rough"'),
        ("{quotas: {servers: 0}}", "expected a number of at least 1, found 0"),
    ],
)
def test_what_cannot_be_is_told(given: str, problem: str) -> None:
    with pytest.raises(Exception, match=r"one\.yaml:5") as raised:
        scenario(f"drs: {given}\n")
    assert problem in str(raised.value)


def _knobs(section: Any, path: str = "") -> Iterator[str]:
    """The names of all settings, those of sections after a dot. Profiles are the fleet's."""
    for field in fields(section):
        value, name = getattr(section, field.name), f"{path}.{field.name}".strip(".")
        if is_dataclass(value) and not isinstance(value, Distribution):
            yield from _knobs(value, name)
        elif name != "profiles":
            yield name


def _keys(model: type[Model], path: str = "") -> Iterator[tuple[str, str]]:
    for attribute, field in model.model_fields.items():
        name, _ = setting_of(attribute)
        inner = _sections_in(field.annotation)
        if inner and name != "rates":
            yield from ((f"{path}.{below}".strip("."), key) for below, key in _keys(inner[0], name))
        else:
            yield path, name


def _told(model: type[Model], indent: int = 2) -> Iterator[str]:
    """The section as YAML, filled in with the defaults that its descriptions tell."""
    for field in model.model_fields.values():
        told = re.search("default ([^ ]+|{.+})$", field.description or "")
        inner = _sections_in(field.annotation)
        if told:
            yield f"{' ' * indent}{field.alias}: {told[1]}"
        elif inner and field.alias != "rates":
            yield f"{' ' * indent}{field.alias}:"
            yield from _told(inner[0], indent + 2)


def _sections(model: type[Model]) -> Iterator[type[Model]]:
    yield model
    for field in model.model_fields.values():
        for inner in _sections_in(field.annotation):
            yield from _sections(inner)


def _sections_in(annotation: Any) -> list[type[Model]]:
    found = [one for one in get_args(annotation) if isinstance(one, type) and issubclass(one, Model)]
    return [one for one in found if one.__name__ != "Latency"]


def _at(settings: Any, name: str) -> Any:
    for part in name.split("."):
        settings = getattr(settings, part)
    return settings
