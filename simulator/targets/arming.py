"""Arms the faults of a scenario in its world. All that cannot be is told at once."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial

from simulator.account import wire
from simulator.account.events.faults import EventFault as EventFaultInWorld
from simulator.account.events.faults import Outcome
from simulator.account.fault_arms import Occurrence
from simulator.account.fault_effects import Afterwards, Effect, Partly, Script, Silent, Slow, Stale
from simulator.account.fault_gates import Bucket, Gate, Span
from simulator.account.faults import ApiFault, FunctionFault, fault_error, known_errors
from simulator.account.known_faults import KNOWN, inject
from simulator.account.models import signing_name
from simulator.account.world import World
from simulator.drs.faults import ServerFault
from simulator.drs.region import Region
from simulator.errors import Problem, ScenarioError, ServiceError
from simulator.scenario import faults as written
from simulator.scenario.latency import Latency
from simulator.scenario.model import Scenario
from simulator.scenario.names import did_you_mean
from simulator.scenario.system import function_name
from simulator.scenario.triggers import Trigger
from simulator.targets.health import Signal
from simulator.targets.watch import Watch

OK = "ok"
_WITHOUT_JSON = "the answers of {service} are not JSON, and cannot be replaced in part"


def arm_faults(
    world: World, scenario: Scenario, watch: Watch, regions: Mapping[str, Region], signals: Mapping[str, Signal]
) -> None:
    """Let the scenario's faults wait for their occasions.

    `regions` has the service of each server's place, by its name, `signals` what waves are judged by. Raises ScenarioError
    with every fault that cannot be.
    """
    arming = _Arming(world, scenario, watch, regions, signals)
    for index, fault in enumerate(scenario.faults):
        arming.arm(index, fault)
    if arming.problems:
        raise ScenarioError(arming.problems)


class _Arming:
    def __init__(
        self,
        world: World,
        scenario: Scenario,
        watch: Watch,
        regions: Mapping[str, Region],
        signals: Mapping[str, Signal],
    ) -> None:
        self._world, self._scenario, self._watch = world, scenario, watch
        self._regions, self._signals = regions, signals
        self._functions = {function_name(placeholder) for placeholder in scenario.system.handlers}
        self.problems: list[Problem] = []

    def arm(self, index: int, fault: written.Fault) -> None:
        match fault:
            case written.ApiFault():
                self._on_api(index, fault)
            case written.FunctionFault():
                self._on_function(index, fault)
            case written.EventFault():
                kind = None if fault.event == written.ANY else fault.event
                outcome: Outcome = "lost" if fault.does == "LOST" else "duplicated"
                one = EventFaultInWorld(fault.id, outcome, fault.source, kind, fault.rate, fault.times)
                self._world.events.inject(one)
            case written.PhaseFault():
                hit = ServerFault(fault.id, fault.server, fault.phase, fault.outcome, fault.raw_error, fault.times)
                self._when(fault.after, partial(self._regions[fault.server].inject, hit))
            case written.KnownFault():
                self._known(index, fault)
            case written.HealthFault():
                self._health(index, fault)
            case written.RunbookFault():
                pass  # runbooks are made to end as their faults say
            case written.BusyFault():
                self._regions[fault.server].occupy(fault.server, fault.busy.from_ms, fault.busy.for_ms, fault.id)

    def _when(self, trigger: Trigger | None, action: Callable[[], None]) -> None:
        if trigger is None:
            action()
        else:
            self._watch.moment(trigger).then(action)

    def _problem(self, index: int, key: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self._scenario.where("faults", index, key), message, hint))

    def _health(self, index: int, fault: written.HealthFault) -> None:
        signal = self._signals.get(fault.health)
        if signal is None:
            hint = did_you_mean(fault.health, sorted(self._signals))
            self._problem(index, "health", f"no wave is judged by `{fault.health}`", hint)
            return
        window = fault.during or written.Window.model_validate({"from": "0s"})
        self._when(window.after, lambda: self._turn_red(signal, fault.id, window))

    def _turn_red(self, signal: Signal, fault: str, window: written.Window) -> None:
        self._world.clock.call_after(window.from_ms, lambda: signal.fail(fault, window.for_ms))

    def _known(self, index: int, fault: written.KnownFault) -> None:
        """A fault of the catalogue; a name that it does not have, or a server that is missing, is a problem."""
        if fault.known not in KNOWN:
            hint = did_you_mean(fault.known, sorted(KNOWN))
            self._problem(index, "known", f"there is no known fault `{fault.known}`", hint)
        elif KNOWN[fault.known].needs_server and fault.server is None:
            self._problem(index, "known", f"{fault.known} happens to a server, and none is named", "add `server`")
        elif fault.after is None:
            self._inject(fault, 0)
        else:
            self._watch.moment(fault.after).then(lambda: self._inject(fault, self._world.clock.now_ms))

    def _inject(self, fault: written.KnownFault, since_ms: int) -> None:
        occurrence = Occurrence(fault.id, fault.server, since_ms + fault.from_ms, fault.for_ms, fault.times)
        inject(self._world, fault.known, occurrence, None if fault.server is None else self._regions[fault.server])

    def _on_api(self, index: int, fault: written.ApiFault) -> None:
        modelled = self._modelled(index, fault)
        if modelled is None or not self._is_caller(index, fault):
            return
        effect = self._effect(index, fault, modelled)
        if effect is not None:
            names = frozenset(_name(operation) for operation in fault.api)
            gate = self._gate(fault)
            self._world.faults.arm([ApiFault(fault.id, names, effect, gate, fault.by, fault.region)])

    def _modelled(self, index: int, fault: written.ApiFault) -> dict[str, int] | None:
        """The errors in the models of a fault's operations; None if AWS has no such operation."""
        modelled: dict[str, int] = {}
        for operation in fault.api:
            try:
                modelled |= modelled_errors(operation)
            except LookupError:
                self._problem(index, "api", f"AWS has no operation {operation}", "spell it as the SDK does")
                return None
        return modelled

    def _is_caller(self, index: int, fault: written.ApiFault) -> bool:
        known = sorted({*self._functions, "states"})
        if fault.by is None or fault.by in known:
            return True
        self._problem(index, "by", f"nothing that calls AWS is named `{fault.by}`", did_you_mean(fault.by, known))
        return False

    def _effect(self, index: int, fault: written.ApiFault, modelled: dict[str, int]) -> Effect | None:
        effect: Effect | None = None
        if fault.error is not None:
            effect = self._error(index, "error", fault.error, fault, modelled)
        elif fault.sequence is not None:
            codes = [
                None if code == OK else self._error(index, "sequence", code, fault, modelled) for code in fault.sequence
            ]
            effect = Script(tuple(codes))
        elif fault.timeout_ms is not None or fault.unreachable:
            effect = Silent(fault.timeout_ms or 0)
        elif fault.latency is not None:
            effect = Slow(drawn(fault.latency))
        elif fault.stale_ms is not None:
            effect = Stale(fault.stale_ms)
        elif fault.answer is not None:
            effect = self._partly(index, fault)
        return Afterwards(effect) if fault.takes_effect and isinstance(effect, ServiceError | Silent) else effect

    def _partly(self, index: int, fault: written.ApiFault) -> Effect | None:
        foreign = [operation.service for operation in fault.api if not _answers_json(operation)]
        if foreign:
            self._problem(index, "answer", _WITHOUT_JSON.format(service=foreign[0]))
            return None
        return Partly(fault.answer or {})

    def _error(
        self, index: int, key: str, code: str, fault: written.ApiFault, modelled: dict[str, int]
    ) -> ServiceError | None:
        try:
            return fault_error(code, fault.message, modelled)
        except KeyError:
            if fault.unmodelled:
                return ServiceError(code, fault.message or code, 400)
        message = f"{' and '.join(map(str, fault.api))} cannot answer {code}"
        known = known_errors(modelled)
        meant = next(iter(get_close_matches(code, known, n=1, cutoff=0.8)), None)
        first = "" if meant is None else f"did you mean `{meant}`? "
        self._problem(index, key, message, f"{first}it can answer {', '.join(known)}, or anything with `unmodelled: true`")
        return None

    def _on_function(self, index: int, fault: written.FunctionFault) -> None:
        name = function_name(fault.function)
        if name not in self._functions:
            hint = did_you_mean(name, sorted(self._functions))
            self._problem(index, "function", f"no function is named `{name}`", hint)
            return
        delay = drawn(fault.latency) if fault.latency else (0.0, 0.0)
        told = fault.error, fault.message
        struck = FunctionFault(
            fault.id, name, fault.does, self._gate(fault), fault.takes_effect, fault.payload, *told, delay
        )
        self._world.faults.arm_function(struck)

    def _gate(self, fault: written.Struck) -> Gate:
        bucket = Bucket(fault.burst.size, fault.burst.per_second) if fault.burst else None
        calls = None if fault.calls is None else frozenset(fault.calls)
        return Gate(fault.rate, fault.at_most, self._window(fault.during), calls, bucket)

    def _window(self, window: written.Window | None) -> Callable[[], Span | None]:
        if window is None:
            return lambda: (0, None)
        if window.after is None:
            return lambda: _opened(window, 0)
        moment = self._watch.moment(window.after)
        return lambda: None if moment.at_ms is None else _opened(window, moment.at_ms)


def _opened(window: written.Window, since_ms: int) -> Span:
    from_ms = since_ms + window.from_ms
    return from_ms, None if window.for_ms is None else from_ms + window.for_ms


def drawn(latency: Latency) -> tuple[float, float]:
    """A latency as its median and 95th percentile in milliseconds."""
    return latency.median_ms, latency.p95_ms


def _name(operation: written.Operation) -> str:
    if operation.service == written.ANY:
        return written.ANY
    return f"{signing_name(operation.service)}:{operation.name}"


def modelled_errors(operation: written.Operation) -> Mapping[str, int]:
    """The errors in an operation's model. Raises LookupError for a service or operation that AWS does not have."""
    if operation.service == written.ANY:
        return {}
    try:
        service = signing_name(operation.service)
        if operation.name == written.ANY:
            names = wire.service_model(service).operation_names
            return {code: status for name in names for code, status in wire.modelled_errors(service, name).items()}
        return wire.modelled_errors(service, operation.name)
    except Exception as error:  # botocore has several exceptions for what it does not know, with no common base
        raise LookupError(str(operation)) from error


def _answers_json(operation: written.Operation) -> bool:
    if written.ANY in operation:
        return False
    return "json" in str(wire.service_model(signing_name(operation.service)).protocol)
