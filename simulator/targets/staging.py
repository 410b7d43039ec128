"""Sets the stage of a scenario in a simulated account: fleet, functions, tables, topics, state machine and faults."""

import json
import re
from collections.abc import Mapping
from typing import Any

from simulator.account import moto_services
from simulator.account.cloudformation.deploying import Resource
from simulator.account.functions import Function
from simulator.account.integrations.recognition import unrecognised
from simulator.account.sandbox import Code
from simulator.account.world import ACCOUNT_ID, World
from simulator.engine.definition import parse
from simulator.engine.machine import Machine
from simulator.errors import DefinitionError, Problem
from simulator.json_types import JsonValue
from simulator.scenario.model import Scenario
from simulator.scenario.plan import plan_document, substitute, values_of
from simulator.scenario.system import STATE_MACHINE, Rule, function_name
from simulator.scenario.templates import parse_document
from simulator.targets.arming import arm_faults
from simulator.targets.fleet import build_fleet, forward_events
from simulator.targets.health import make_signals
from simulator.targets.mocking import mock_tasks
from simulator.targets.occurrences import Cast
from simulator.targets.references import check_references
from simulator.targets.runbooks import make_runbooks
from simulator.targets.stacks import deploy_stack
from simulator.targets.stores import create_table, put_item, stock
from simulator.targets.watch import Watch

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")


class Stage:
    """A scenario set up in a world, ready to start.

    `server_ids` maps server names to source server ids, `values` what the placeholders of the scenario stand for;
    `definition` is the state machine's, once it has been read. Raises UserError for whatever the scenario names and the
    stage does not find.
    """

    def __init__(self, world: World, scenario: Scenario) -> None:
        self.world, self.scenario = world, scenario
        self._regions = build_fleet(world, scenario)
        self.server_ids = {name: region.state.server_named(name).id for name, region in self._regions.items()}
        self.plan = plan_document(scenario, self.server_ids)
        self.machine_name = function_name(STATE_MACHINE)
        self.resources: Mapping[str, Resource] = {}
        self.definition: str | None = None
        self.values = self._values()
        waves = {wave.name: wave.server_names for wave in scenario.fleet.waves}
        self.cast = Cast(self.server_ids, waves)
        self.watch = Watch(world, self.cast)

    def build(self) -> None:
        """Deploy the system and arm the faults."""
        self.world.functions.keeps_sandboxes = self.scenario.system.sandboxes == "warm"
        stock(self.world, self.scenario, self.values)
        if self.scenario.system.template is not None:
            self._deploy_stack()
        else:
            self._deploy_parts()
        assert self.definition is not None
        mock_tasks(self.world, self.scenario, self.definition)
        forward_events(self.world)
        make_runbooks(self.world, self.scenario, self.plan)
        signals = make_signals(self.world, self.scenario, self.plan, self.cast)
        arm_faults(self.world, self.scenario, self.watch, self._regions, signals)

    def _deploy_stack(self) -> None:
        """Make the system's stack. `resources` are what it consists of, by their logical ids."""
        self.resources, machine = deploy_stack(self.world, self.scenario)
        self.values = {**self.values, "StateMachineArn": machine}
        self.definition = self.world.states.definition(machine)
        check_references(self.scenario, self.definition)
        self._fill_tables()

    def _deploy_parts(self) -> None:
        self._deploy_machine()
        self._deploy_functions()
        for placeholder in self.scenario.system.topics:
            self._client("sns").create_topic(Name=function_name(placeholder))
        for name, table in self.scenario.system.tables.items():
            create_table(self.world, self.scenario, name, table)
        self._fill_tables()
        for number, rule in enumerate(self.scenario.system.rules, 1):
            self._create_rule(f"rule-{number}", rule)

    def fill(self, value: JsonValue) -> Any:
        """A value of the scenario with its placeholders filled in."""
        return substitute(value, self.values)

    def table(self, name: str) -> str:
        """The table behind its name in the scenario: itself, or what the stack calls the resource of this logical id."""
        return self.resources[name].id if name in self.resources else name

    def _values(self) -> Mapping[str, JsonValue]:
        system, world = self.scenario.system, self.world
        arns: dict[str, JsonValue] = {
            placeholder: world.functions.arn(function_name(placeholder)) for placeholder in system.handlers
        }
        for placeholder in system.topics:
            arns[placeholder] = f"arn:aws:sns:{world.region}:{ACCOUNT_ID}:{function_name(placeholder)}"
        arns[STATE_MACHINE] = world.states.machine_arn(self.machine_name)
        named = {placeholder.removeprefix("${").removesuffix("}"): arn for placeholder, arn in arns.items()}
        return named | dict(values_of(self.scenario, self.plan, self.server_ids))

    def _deploy_machine(self) -> None:
        definition, machine = read_definition(self.scenario, self.values)
        self.definition = definition
        check_references(self.scenario, definition)
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
                Function(
                    name,
                    Code(path, attribute, layers=handler.layers),
                    environment,
                    handler.timeout_ms,
                    handler.memory_mb,
                )
            )
        self.world.functions.load_all()

    def _fill_tables(self) -> None:
        for name, table in self.scenario.system.tables.items():
            for item in table.items:
                put_item(self.world, self.scenario, name, self.table(name), self.fill(item))

    def _create_rule(self, name: str, rule: Rule) -> None:
        events = self._client("events")
        events.put_rule(Name=name, EventPattern=json.dumps(self.fill(rule.pattern)), State="ENABLED")
        events.put_targets(Rule=name, Targets=[{"Id": "handler", "Arn": self.fill(rule.target)}])

    def _client(self, service: str) -> Any:
        return moto_services.client(service, self.world.region, ACCOUNT_ID)


def read_definition(scenario: Scenario, values: Mapping[str, JsonValue]) -> tuple[str, Machine]:
    """The state machine's definition with its placeholders filled in, and parsed.

    Raises DefinitionError naming file, line and column.
    """
    path = scenario.system.state_machine
    assert path is not None  # a system without a template has one
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError([Problem(str(path), f"the definition cannot be read: {error}")]) from error
    if path.suffix in (".yaml", ".yml"):
        text = json.dumps(parse_document(text, str(path)), indent=2)
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
