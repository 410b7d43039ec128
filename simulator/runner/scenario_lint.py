"""Looks for what in a scenario cannot work as it is meant, although it can be run."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from simulator.engine.definition import where as place_of
from simulator.runner.called import Called
from simulator.runner.findings import Finding
from simulator.runner.thresholds import baseline_times
from simulator.runner.wording import clock_time
from simulator.scenario.faults import ANY, ApiFault, BusyFault, Fault, FunctionFault, KnownFault, PhaseFault
from simulator.scenario.model import Scenario
from simulator.scenario.triggers import At, CallIs, Trigger
from simulator.targets.artefacts import shown_path
from simulator.targets.drs_settings import drs_settings

_PHASES = ("pending", "snapshot", "queue", "conversion", "launch", "finish")  # of a job, one after the other


def lint_scenario(scenario: Scenario, definition: str) -> Iterator[Finding]:
    """Findings about a scenario; `definition` is its state machine's, its placeholders filled in."""
    called = Called(scenario, definition)
    for index, fault in enumerate(scenario.faults):
        yield from _fault(scenario, index, fault, called)
    yield from _counted(scenario, called)
    yield from _operators(scenario)
    yield from _thresholds(scenario)
    yield from _times(scenario, definition)


def _fault(scenario: Scenario, index: int, fault: Fault, called: Called) -> Iterator[Finding]:
    operations = fault.api if isinstance(fault, ApiFault) else ()
    lost = [operation for operation in operations if operation.name != ANY and not called.may_call(operation.name)]
    if lost:
        message = f"fault {fault.id} can never hit {' and '.join(map(str, lost))}: nothing calls {_them(len(lost))}"
        where = scenario.where("faults", index, "api")
        yield Finding("fault-never-matches", where, message, "name an operation that the system calls")
    moment = _moment(fault)
    if moment is not None and isinstance(moment.kind, CallIs) and not called.may_call(_name(moment.kind.operation)):
        message = f"fault {fault.id} waits for ever: nothing calls {moment.kind.operation}"
        where = scenario.where("faults", index, "during" if operations else "after")
        yield Finding("fault-never-matches", where, message, "wait for something that happens")
    begins_ms = _begins_ms(fault)
    if begins_ms >= scenario.run.horizon_ms:
        message = (
            f"fault {fault.id} begins at {clock_time(begins_ms)}, and the run ends at {_horizon(scenario)} at the latest"
        )
        where = scenario.where("faults", index)
        yield Finding("fault-after-horizon", where, message, "let it begin earlier, or give the run a longer `horizon`")


def _moment(fault: Fault) -> Trigger | None:
    """The moment that a fault waits for."""
    match fault:
        case KnownFault() | PhaseFault():
            return fault.after
        case ApiFault() | FunctionFault():
            return fault.during.after if fault.during else None
    return None


def _begins_ms(fault: Fault) -> int:
    """The earliest instant at which a fault may begin."""
    moment = _moment(fault)
    after_ms = moment.kind.at_ms if moment and isinstance(moment.kind, At) else 0
    match fault:
        case BusyFault():
            return fault.busy.from_ms
        case KnownFault():
            return after_ms + fault.from_ms
        case ApiFault() | FunctionFault():
            return after_ms + (fault.during.from_ms if fault.during else 0)
    return after_ms


def _counted(scenario: Scenario, called: Called) -> Iterator[Finding]:
    """Calls that are expected and that nothing makes."""
    for operation, count in scenario.expect.calls.items():
        if count.min > 0 and not called.may_call(_name(operation)):
            message = f"{operation} is expected to be called, and nothing calls it"
            where = scenario.where("expect", "calls", operation)
            yield Finding("check-never-matches", where, message, "name an operation that the system calls")
    for index, retries in enumerate(scenario.expect.retries):
        if retries.call is not None and not called.may_call(_name(retries.call)):
            message = f"retries of {retries.call} are expected, and nothing calls it"
            where = scenario.where("expect", "retries", index)
            yield Finding("check-never-matches", where, message, "name an operation that the system calls")


def _operators(scenario: Scenario) -> Iterator[Finding]:
    acts = [("operators", "an operator decides", index, one.when) for index, one in enumerate(scenario.operators)]
    acts += [("requests", "a request is sent", index, one.when) for index, one in enumerate(scenario.requests)]
    for key, what, index, when in acts:
        if isinstance(when.kind, At) and when.kind.at_ms >= scenario.run.horizon_ms:
            at = clock_time(when.kind.at_ms)
            message = f"{what} at {at}, and the run ends at {_horizon(scenario)} at the latest"
            where = scenario.where(key, index, "when")
            yield Finding("operator-after-horizon", where, message, "let it be earlier, or give the run a longer `horizon`")


def _thresholds(scenario: Scenario) -> Iterator[Finding]:
    count = len(scenario.run.every_seed)
    for key, bounds in (("rto", scenario.thresholds.rto), ("rpo", scenario.thresholds.rpo)):
        for index, time in enumerate(bounds):
            if time.quantile is not None and time.confidence is None:
                needed = math.ceil(round(1 / (1 - time.quantile), 6))
                yield from _too_fine(scenario, key, index, time.written, count, needed)
    for index, rate in enumerate(scenario.thresholds.outcome):
        if rate.confidence is None and 0 < rate.share < 1:
            needed = math.ceil(round(1 / min(rate.share, 1 - rate.share), 6))
            yield from _too_fine(scenario, "outcome", index, rate.written, count, needed)
    drift = scenario.thresholds.drift
    if drift is not None and baseline_times(drift.baseline, scenario.key) is None:
        message = f"{shown_path(drift.baseline)} has no recovery times of {scenario.key} to compare with"
        where = scenario.where("thresholds", "drift", "baseline")
        yield Finding("baseline-missing", where, message, f"`drsim baseline {scenario.path}` writes them")


def _too_fine(scenario: Scenario, key: str, index: int, written: str, count: int, needed: int) -> Iterator[Finding]:
    if count < needed:
        seeds = "1 seed" if count == 1 else f"{count} seeds"
        message = f"{seeds} cannot tell `{written}` from a bound on all of them: that takes at least {needed}"
        where = scenario.where("thresholds", key, index)
        yield Finding("threshold-beyond-seeds", where, message, f"give `run: {{seeds: 1..{max(needed, 100)}}}`")


def _times(scenario: Scenario, definition: str) -> Iterator[Finding]:
    job_ms = _job_ms(scenario)
    for index, wave in enumerate(scenario.fleet.waves):
        if wave.timeout_ms is not None and wave.timeout_ms < job_ms:
            message = (
                f"wave {wave.name} times out after {clock_time(wave.timeout_ms)}; its job takes {clock_time(job_ms)} or so"
            )
            where = scenario.where("fleet", "waves", index, "timeout")
            yield Finding("wave-timeout-too-short", where, message, "give it more time, or its servers another latency")
    longest = max(_depths(scenario).values())
    whole_ms = job_ms * longest
    waves, takes = ("a wave", "takes") if longest == 1 else (f"{longest} waves one after the other", "take")
    limit: Any = json.loads(definition).get("TimeoutSeconds")
    if isinstance(limit, int) and limit * 1000 < whole_ms:
        file = shown_path(scenario.system.definition_file)
        where = place_of(definition, file, ("TimeoutSeconds",)) if scenario.system.template is None else file
        message = f"the machine times out after {clock_time(limit * 1000)}; {waves} {takes} {clock_time(whole_ms)} or so"
        yield Finding("machine-timeout-too-short", where, message, "give it a longer TimeoutSeconds")
    if scenario.run.horizon_ms < whole_ms:
        message = f"the run is given up at {_horizon(scenario)}; {waves} {takes} {clock_time(whole_ms)} or so"
        yield Finding("horizon-too-short", scenario.where("run", "horizon"), message, "give the run a longer `horizon`")


def _job_ms(scenario: Scenario) -> int:
    """What a job of one server takes in the median, of which every wave has at least one."""
    profile = drs_settings(scenario).profiles[scenario.fleet.profile.name]
    seconds: float = sum(getattr(profile, phase).median_seconds for phase in _PHASES)
    return round(seconds) * 1000


def _depths(scenario: Scenario) -> Mapping[str, int]:
    """How many waves go one after the other until each has launched, itself included. Cycles count as far as they go."""
    depths: dict[str, int] = {wave.name: 1 for wave in scenario.fleet.waves}
    for _ in scenario.fleet.waves:
        for wave in scenario.fleet.waves:
            depths[wave.name] = 1 + max((depths[name] for name in wave.depends_on), default=0)
    return {name: min(depth, len(depths)) for name, depth in depths.items()}


def _horizon(scenario: Scenario) -> str:
    return clock_time(scenario.run.horizon_ms)


def _name(operation: str) -> str:
    """The operation without its service."""
    return operation.partition(":")[2]


def _them(count: int) -> str:
    return "it" if count == 1 else "them"
