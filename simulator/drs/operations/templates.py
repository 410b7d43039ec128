"""What new servers begin with: the templates of replication and launch configurations."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from simulator.drs import configurations, refusals
from simulator.drs.operations.paging import page
from simulator.drs.operations.wire import Answer, Operation, Request
from simulator.drs.state import RegionState
from simulator.drs.template import Template


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of template: what it is called, what it says where its creation does not, and how many there may be."""

    name: str
    prefix: str
    arn_kind: str
    id_member: str
    defaults: Mapping[str, Any]
    quota: str | None = None
    is_wrapped: bool = False

    def kept(self, state: RegionState) -> dict[str, Template]:
        return state.replication_templates if self is REPLICATION else state.launch_templates

    def mistakes(self, given: Request, kept: Mapping[str, Any]) -> configurations.Fields:
        check = configurations.replication_mistakes if self is REPLICATION else configurations.launch_template_mistakes
        return check(given, kept)


REPLICATION = _Kind(
    "ReplicationConfigurationTemplate",
    "rct",
    "replication-configuration-template",
    "replicationConfigurationTemplateID",
    configurations.REPLICATION_DEFAULTS,
)
LAUNCH = _Kind(
    "LaunchConfigurationTemplate",
    "lct",
    "launch-configuration-template",
    "launchConfigurationTemplateID",
    {**configurations.LAUNCH_DEFAULTS, "launchIntoSourceInstance": False},
    "launch_templates",
    is_wrapped=True,
)


def _create(kind: _Kind) -> Operation:
    def create(state: RegionState, request: Request) -> Answer:
        """A new template."""
        kept = kind.kept(state)
        given = {name: value for name, value in request.items() if name != "tags"}
        _refuse(kind.mistakes(given, kind.defaults))
        if kind.quota is not None:
            limit: int = getattr(state.settings.quotas, kind.quota)
            if len(kept) >= limit:
                raise refusals.quota_exceeded(kind.quota, limit)
        number = next(state.numbers)
        key = f"{state.account_id}/{state.name}/{kind.prefix}/{number}"
        identifier = f"{kind.prefix}-{state.digit}{state.chance.stream('drs.template', key).hex(16)}"
        settings = deepcopy({**kind.defaults, **given})
        tags = dict(request.get("tags", {}))
        kept[identifier] = Template(identifier, state.arn(kind.arn_kind, identifier), number, settings, tags)
        return _answer(kind, kept[identifier])

    return create


def _update(kind: _Kind) -> Operation:
    def update(state: RegionState, request: Request) -> Answer:
        """Change the members of a template that the request has; servers that are there already do not change."""
        template = _template(kind, state, request)
        given = {name: value for name, value in request.items() if name not in (kind.id_member, "arn")}
        if request.get("arn", template.arn) != template.arn:
            _refuse([("arn", "is not that of the template")])
        _refuse(kind.mistakes(given, template.settings))
        template.settings |= deepcopy(given)
        return _answer(kind, template)

    return update


def _delete(kind: _Kind) -> Operation:
    def delete(state: RegionState, request: Request) -> Answer:
        """Forget a template."""
        del kind.kept(state)[_template(kind, state, request).id]
        return {}

    return delete


def _describe(kind: _Kind) -> Operation:
    def describe(state: RegionState, request: Request) -> Answer:
        """Templates in the order in which they were made: all, or those with certain ids."""
        wanted = request.get(f"{kind.id_member}s", ())
        for identifier in wanted:
            _template(kind, state, {kind.id_member: identifier})
        rows = [template for template in kind.kept(state).values() if not wanted or template.id in wanted]
        size = state.settings.page_size
        return page(kind.prefix, rows, lambda one: one.number, lambda one: _show(kind, one), request, size)

    return describe


def _template(kind: _Kind, state: RegionState, request: Request) -> Template:
    template = kind.kept(state).get(request[kind.id_member])
    if template is None:
        raise refusals.not_found(kind.name, request[kind.id_member])
    return template


def _show(kind: _Kind, template: Template) -> Answer:
    own = {kind.id_member: template.id, "arn": template.arn, "tags": dict(template.tags)}
    return {**deepcopy(template.settings), **own}


def _answer(kind: _Kind, template: Template) -> Answer:
    shown = _show(kind, template)
    return {kind.name[0].lower() + kind.name[1:]: shown} if kind.is_wrapped else shown


def _refuse(mistakes: configurations.Fields) -> None:
    if mistakes:
        raise refusals.validation_error(mistakes)


create_replication_template, create_launch_template = _create(REPLICATION), _create(LAUNCH)
update_replication_template, update_launch_template = _update(REPLICATION), _update(LAUNCH)
delete_replication_template, delete_launch_template = _delete(REPLICATION), _delete(LAUNCH)
describe_replication_templates, describe_launch_templates = _describe(REPLICATION), _describe(LAUNCH)
