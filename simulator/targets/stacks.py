"""A scenario's system as a stack: its template deployed into the simulated account, with what it finds in S3."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.account.cloudformation.deploying import INERT, Resource, make_stack, put_objects
from simulator.account.cloudformation.refusals import resource_in
from simulator.account.permissions import permissions_of
from simulator.account.place import Place
from simulator.account.sandbox import LAMBDA_ROOT
from simulator.account.world import ACCOUNT_ID, World
from simulator.errors import HandlerError, Problem, ScenarioError, ServiceError
from simulator.journal import StackMade
from simulator.scenario.model import Scenario
from simulator.scenario.names import did_you_mean
from simulator.scenario.templates import Template, read_template
from simulator.targets.local_files import BUCKET, Uploads, packaged

_MACHINE = "AWS::StepFunctions::StateMachine"


def deploy_stack(world: World, scenario: Scenario) -> tuple[Mapping[str, Resource], str]:
    """Make the stack of a scenario's template; its resources by logical ids, and the state machine's ARN.

    Raises ScenarioError for a template that CloudFormation refuses, and for logical ids that it does not have; HandlerError
    for functions that cannot be imported.
    """
    system, home = scenario.system, world.at(ACCOUNT_ID, world.region)
    assert system.template is not None
    assert system.resource is not None
    template = read_template(system.template)
    try:
        resources = make_stack(home, system.stack, json.dumps(_packaged(world, template)), system.parameters)
    except ServiceError as refusal:
        raise ScenarioError([_refused(scenario, template, refusal.message)]) from refusal
    if problems := _missing(scenario, resources):
        raise ScenarioError(problems)
    world.journal.record(
        StackMade(
            system.stack,
            {name: one.id for name, one in resources.items()},
            {name: one.type for name, one in resources.items() if one.is_inert},
            _allowed(home, resources),
        )
    )
    try:
        world.functions.load_all()
    except HandlerError as error:
        raise HandlerError([_placed(problem, template, resources) for problem in error.problems]) from error
    return resources, resources[system.resource].id


def _refused(scenario: Scenario, template: Template, message: str) -> Problem:
    """A refusal at the resource that it is about, or where the scenario names the template."""
    resource = resource_in(message)
    is_there = resource is not None and resource in template.resources
    where = template.where("Resources", resource) if resource and is_there else scenario.where("system", "template")
    unknown = sorted({one["Type"] for one in template.resources.values()} & INERT)
    hint = f"nothing here makes {', '.join(unknown)}: are they spelled as AWS does?" if unknown else ""
    return Problem(where, f"CloudFormation refuses the stack: {message}", hint)


def _placed(problem: Problem, template: Template, resources: Mapping[str, Resource]) -> Problem:
    """What is wrong with a function's code; where that is in the template itself, at the function's place there."""
    function, is_copy, place = problem.where.partition(f":{LAMBDA_ROOT}/")
    name = next((name for name, one in resources.items() if one.id == function), None)
    if not is_copy or name not in template.resources:
        return problem
    line = place.partition(":")[2]
    message = f"the source of {name}: {f'line {line}: ' if line else ''}{problem.message}"
    return Problem(template.where("Resources", str(name)), message, problem.hint)


def _allowed(home: Place, resources: Mapping[str, Resource]) -> dict[str, Sequence[str]]:
    """What the roles of the stack's functions allow, by the functions' names, where that is known."""
    functions = [one.id for one in resources.values() if one.type == "AWS::Lambda::Function"]
    known = {name: permissions_of(home, name) for name in functions}
    return {name: actions for name, actions in known.items() if actions is not None}


def _packaged(world: World, read: Template) -> dict[str, Any]:
    """The template, with what it names on this machine lying in S3."""
    uploads = Uploads()
    template = packaged(read, uploads)
    for key, folder in uploads.folders.items():
        world.code.comes_from(uploads.objects[key], folder, is_whole=True)
    if uploads.objects:
        put_objects(world.at(ACCOUNT_ID, world.region), BUCKET, uploads.objects)
    return template


def _missing(scenario: Scenario, resources: Mapping[str, Resource]) -> list[Problem]:
    """A problem for each logical id of the scenario that the stack does not have."""
    system = scenario.system
    named: list[tuple[tuple[str, ...], str]] = [(("system", "resource"), system.resource or "")]
    named += [(("system", "tables", name), name) for name in system.tables]
    named += [(("system", "start", "handler"), system.start.handler)] if system.start.handler else []
    named += [(("system", "operate", "handler"), system.operate.handler)] if system.operate else []
    named += [(("system", "record", "table"), system.record.table)] if system.record else []
    problems = [
        Problem(scenario.where(*where), f"the stack has no resource `{name}`", did_you_mean(name, sorted(resources)))
        for where, name in named
        if name not in resources
    ]
    machine = resources.get(system.resource or "")
    if machine is not None and machine.type != _MACHINE:
        where = scenario.where("system", "resource")
        problems.append(Problem(where, f"`{system.resource}` is no state machine, it is {machine.type}"))
    return problems
