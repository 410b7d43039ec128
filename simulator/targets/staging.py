"""Sets the stage of a scenario in a simulated account: fleet, functions, tables, topics, state machine and faults."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from simulator.account import moto_services, wire
from simulator.account.faults import ApiFault, fault_error, known_errors
from simulator.account.functions import Function
from simulator.account.integrations.recognition import unrecognised
from simulator.account.known_faults import KNOWN, Occurrence, inject
from simulator.account.models import signing_name
from simulator.account.sandbox import Code
from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.faults import ServerFault
from simulator.engine.definition import parse
from simulator.engine.machine import Machine
from simulator.errors import DefinitionError, Problem, ScenarioError
from simulator.json_types import JsonValue
from simulator.scenario.faults import ApiFault as ApiFaultSpec
from simulator.scenario.faults import BusyFault, KnownFault, Operation, PhaseFault, Window
from simulator.scenario.model import Scenario
from simulator.scenario.names import did_you_mean
from simulator.scenario.plan import plan_document, substitute
from simulator.scenario.system import STATE_MACHINE, Rule, Table, function_name
from simulator.scenario.triggers import WaveStarts
from simulator.targets.fleet import build_fleet, forward_events
from simulator.targets.waves import WaveWatch

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")


class Stage:
    """A scenario set up in a world, ready to start.

    `server_ids` maps server names to source server ids, `values` what the placeholders of the scenario stand for. Raises
    UserError for whatever the scenario names and the stage does not find.
    """

    def __init__(self, world: World, scenario: Scenario) -> None:
        self.world, self.scenario = world, scenario
        self._regions = build_fleet(world, scenario.fleet)
        self.server_ids = {name: region.state.server_named(name).id for name, region in self._regions.items()}
        self.plan = plan_document(scenario, self.server_ids)
        self.machine_name = function_name(STATE_MACHINE)
        self.values = self._values()
        self.watch = WaveWatch(
            {wave.name: tuple(self.server_ids[name] for name in wave.server_names) for wave in scenario.fleet.waves},
            world.journal,
        )
        world.account.on_arrival(self.watch.request_arrived)

    def build(self) -> None:
        """Deploy the system and arm the faults."""
        self._deploy_machine()
        self._deploy_functions()
        for placeholder in self.scenario.system.topics:
            self._client("sns").create_topic(Name=function_name(placeholder))
        for name, table in self.scenario.system.tables.items():
            self._create_table(name, table)
        for number, rule in enumerate(self.scenario.system.rules, 1):
            self._create_rule(f"rule-{number}", rule)
        forward_events(self.world)
        self._arm_faults()

    def fill(self, value: JsonValue) -> Any:
        """A value of the scenario with its placeholders filled in."""
        return substitute(value, self.values)

    def _values(self) -> Mapping[str, JsonValue]:
        system, world = self.scenario.system, self.world
        arns: dict[str, JsonValue] = {
            placeholder: world.functions.arn(function_name(placeholder)) for placeholder in system.handlers
        }
        for placeholder in system.topics:
            arns[placeholder] = f"arn:aws:sns:{world.region}:{ACCOUNT_ID}:{function_name(placeholder)}"
        arns[STATE_MACHINE] = world.states.machine_arn(self.machine_name)
        named = {placeholder.removeprefix("${").removesuffix("}"): arn for placeholder, arn in arns.items()}
        return named | {"plan": self.plan, "planId": self.plan["planId"], "isDrill": self.scenario.fleet.drill}

    def _deploy_machine(self) -> None:
        definition, machine = read_definition(self.scenario, self.values)
        role = f"arn:aws:iam::{ACCOUNT_ID}:role/{self.machine_name}"
        self.world.states.deploy(self.machine_name, definition, machine, role)

    def _deploy_functions(self) -> None:
        system = self.scenario.system
        for placeholder, handler in system.handlers.items():
            environment = {
                name: str(self.fill(value)) for name, value in {**system.environment, **handler.environment}.items()
            }
            path, attribute = handler.code.file, handler.code.function
            name = function_name(placeholder)
            self.world.functions.deploy(
                Function(name, Code(path, attribute), environment, handler.timeout_ms, handler.memory_mb)
            )
        self.world.functions.load_all()

    def _create_table(self, name: str, table: Table) -> None:
        kinds = ("HASH", "RANGE")
        self._client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(table.key, kinds, strict=False)],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in table.key],
            BillingMode="PAY_PER_REQUEST",
        )
        for item in table.items:
            self._client("dynamodb").put_item(TableName=name, Item=moto_services.to_dynamodb(self.fill(item))["M"])

    def _create_rule(self, name: str, rule: Rule) -> None:
        events = self._client("events")
        events.put_rule(Name=name, EventPattern=json.dumps(self.fill(rule.pattern)), State="ENABLED")
        events.put_targets(Rule=name, Targets=[{"Id": "handler", "Arn": self.fill(rule.target)}])

    def _client(self, service: str) -> Any:
        return moto_services.client(service, self.world.region, ACCOUNT_ID)

    def _arm_faults(self) -> None:
        for index, fault in enumerate(self.scenario.faults):
            match fault:
                case ApiFaultSpec():
                    self.world.faults.arm([self._api_fault(fault, self.scenario.where("faults", index, "error"))])
                case PhaseFault():
                    self._regions[fault.server].inject(
                        ServerFault(fault.id, fault.server, fault.phase, fault.outcome, fault.raw_error, fault.times)
                    )
                case KnownFault():
                    self._inject_known(fault, index)
                case BusyFault():
                    self._regions[fault.server].occupy(fault.server, fault.busy.from_ms, fault.busy.for_ms, fault.id)

    def _inject_known(self, fault: KnownFault, index: int) -> None:
        """Arm a fault of the catalogue. Raises ScenarioError for a name it does not have, or a server that is missing."""
        occurrence = Occurrence(fault.id, fault.server, fault.from_ms, fault.for_ms, fault.times)
        where = self.scenario.where("faults", index, "known")
        if fault.known not in KNOWN:
            message = f"there is no known fault `{fault.known}`"
            raise ScenarioError([Problem(where, message, did_you_mean(fault.known, sorted(KNOWN)))])
        try:
            inject(self.world, fault.known, occurrence, self._regions.get(fault.server or ""))
        except ValueError as error:
            raise ScenarioError([Problem(where, str(error))]) from error

    def _api_fault(self, fault: ApiFaultSpec, where: str) -> ApiFault:
        modelled: dict[str, int] = {}
        for operation in fault.api:
            modelled |= modelled_errors(operation, where)
        try:
            error = fault_error(fault.error, fault.message, modelled)
        except KeyError:
            message = f"{' and '.join(map(str, fault.api))} cannot answer {fault.error}"
            raise ScenarioError([Problem(where, message, f"it can answer {', '.join(known_errors(modelled))}")]) from None
        names = frozenset(f"{signing_name(operation.service)}:{operation.name}" for operation in fault.api)
        return ApiFault(fault.id, names, error, fault.rate, fault.times, self._window(fault.during))

    def _window(self, window: Window | None) -> Callable[[], tuple[int, int | None] | None]:
        if window is None:
            return lambda: (0, None)
        trigger = window.after
        if trigger is None:
            return lambda: (window.from_ms, window.from_ms + window.for_ms)
        instant = self.watch.started_ms if isinstance(trigger, WaveStarts) else self.watch.launched_ms

        def after() -> tuple[int, int | None] | None:
            at_ms = instant(trigger.wave)
            return None if at_ms is None else (at_ms + window.from_ms, at_ms + window.from_ms + window.for_ms)

        return after


def modelled_errors(operation: Operation, where: str) -> Mapping[str, int]:
    """The errors in an operation's model. Raises ScenarioError for a service or operation that AWS does not have."""
    service = signing_name(operation.service)
    try:
        return wire.modelled_errors(service, operation.name)
    except Exception as error:  # botocore has several exceptions for what it does not know, with no common base
        raise ScenarioError([Problem(where, f"AWS has no operation {operation}", "spell it as the SDK does")]) from error


def read_definition(scenario: Scenario, values: Mapping[str, JsonValue]) -> tuple[str, Machine]:
    """The state machine's definition with its placeholders filled in, and parsed.

    Raises DefinitionError naming file, line and column.
    """
    path = scenario.system.state_machine
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError([Problem(str(path), f"the definition cannot be read: {error}")]) from error
    filled = str(substitute(text, values))
    problems = [
        Problem(f"{path}:{filled.count(chr(10), 0, left.start()) + 1}", f"nothing is called {left.group()}")
        for left in _PLACEHOLDER.finditer(filled)
    ]
    if problems:
        raise DefinitionError(problems)
    machine = parse(filled, str(path))
    if problems := unrecognised(filled, str(path)):
        raise DefinitionError(problems)
    return filled, machine
