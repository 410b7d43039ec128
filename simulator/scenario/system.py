"""`system:`: the orchestrator under test, as AWS would be told about it."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, ValidationInfo, WithJsonSchema, model_validator

from simulator.scenario.fields import (
    HandlerName,
    LogicalId,
    Model,
    Name,
    Placeholder,
    Span,
    TableName,
    Whole,
    existing_file,
    matching,
    objection,
    placeholders_in,
    refusal,
)
from simulator.scenario.names import SERVER_ID, Names, did_you_mean

STATE_MACHINE = "${StateMachineArn}"
PLAN_VALUES = ("${plan}", "${planId}", "${isDrill}")
_SERVER = re.compile(rf"\$\{{{SERVER_ID}\.([^${{}}]+)\}}")
_CODE = re.compile(r"(?P<file>.+\.(?:py|mjs|cjs|js)):(?P<function>[A-Za-z_]\w*)")


class Code(NamedTuple):
    """Where a handler's code is: a file and the function in it."""

    file: Path
    function: str


def _code(value: Any, info: ValidationInfo) -> Code:
    match = _CODE.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise refusal("expected a file and a function such as orchestration/handler.py:handler")
    return Code(existing_file(match["file"], info), match["function"])


CodeFile = Annotated[Code, BeforeValidator(_code), WithJsonSchema({"type": "string"})]


def _known_placeholders(value: str, info: ValidationInfo) -> str:
    names: Names | None = info.context
    known = [STATE_MACHINE, *sorted(names.handlers | names.topics)] if names else []
    for placeholder in placeholders_in(value):
        if names and placeholder not in known:
            raise objection(f"nothing is called {placeholder}", did_you_mean(placeholder, known))
    return value


def known_servers(value: Any, info: ValidationInfo) -> Any:
    """A value in which every `${serverId.NAME}` names a server of the fleet."""
    names: Names | None = info.context
    for name in _servers_in(value) if names else ():
        if names and name not in names.servers:
            raise objection(f"no server is called {name}", did_you_mean(name, sorted(names.servers)))
    return value


def _servers_in(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield from _SERVER.findall(value)
        case dict():
            for member in value.values():
                yield from _servers_in(member)
        case list():
            for item in value:
                yield from _servers_in(item)


File = Annotated[Path, BeforeValidator(lambda value, info: existing_file(_file_name(value), info))]


def _file_name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise refusal("expected the path of a file, relative to this one")
    return value


def json_or_file(value: Any, info: ValidationInfo) -> Any:
    """A document: as it stands in the file, or that of the JSON file that is named in its place."""
    if not isinstance(value, str) or value in PLAN_VALUES:
        return value
    path = existing_file(value, info)
    try:
        return json.loads(path.read_text("utf-8-sig"), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise objection(f"{value} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise objection(f"{value} is not JSON: {error}") from None


def _body(value: Any, info: ValidationInfo) -> Any:
    """A request's body: a text that names a .json file stands for what is in it, any other text for itself."""
    return json_or_file(value, info) if isinstance(value, str) and value.endswith(".json") else value


def _no_constant(name: str) -> None:
    raise ValueError(f"it contains {name}")


def _file_or_folder(value: Any, info: ValidationInfo) -> Path:
    name = _file_name(value)
    names: Names | None = info.context
    folder = Path(name) if names is None else (names.base / name).absolute()
    return folder if os.path.isdir(folder) else existing_file(name, info)


def _folder(value: Any, info: ValidationInfo) -> Path:
    path = _file_or_folder(value, info)
    if path.is_file():
        raise objection(f"{value} is a file", "a layer is a folder")
    return path


def _parameter(value: Any) -> str:
    """A parameter of a template: CloudFormation gets every one as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise refusal("expected a text or a number")
    return str(value)


def _one_or_two(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) not in (1, 2):
        raise refusal("expected one or two attributes")
    return names


class Handler(Model):
    """A Lambda function. In short form, only its code."""

    noun: ClassVar[str] = "a handler"
    short_form: ClassVar[dict[str, Any] | None] = {"type": "string"}
    code: Annotated[Code, BeforeValidator(_code), WithJsonSchema({"type": "string"})] = Field(
        description="the file and the function: path/to.py:handler"
    )
    timeout_ms: Span = Field(60_000, description="the function's timeout; default 1m")
    memory_mb: Annotated[Whole, Field(ge=128, le=10_240)] = Field(
        128, description="the function's memory in MB; default 128"
    )
    environment: dict[Name, Annotated[str, AfterValidator(_known_placeholders)]] = Field(
        default_factory=dict, description="environment variables of this function only"
    )
    layers: tuple[Annotated[Path, BeforeValidator(_folder)], ...] = Field(
        (), description="folders that the function has as layers: what is in their python/ can be imported"
    )
    may: tuple[Name, ...] | None = Field(
        None, description="the permissions of its role, such as drs:StartRecovery or drs:*; default: whatever it calls"
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {"code": data} if isinstance(data, str) else data


Key = Annotated[tuple[Name, ...], AfterValidator(_one_or_two)]


class Index(Model):
    """A global secondary index of a table. In short form, only its key."""

    noun: ClassVar[str] = "an index"
    short_form: ClassVar[dict[str, Any] | None] = {"type": "array", "items": {"type": "string"}}
    key: Key = Field(description="the attributes of the index's key: one or two")
    projection: tuple[Name, ...] | None = Field(
        None, description="the attributes that the index holds besides keys, [] for none; default all"
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {"key": data} if isinstance(data, list) else data


class Table(Model):
    """A DynamoDB table."""

    noun: ClassVar[str] = "a table"
    key: Key = Field((), description="the key's attributes: the partition key and, if there is one, the sort key")
    types: dict[Name, Literal["string", "number", "binary"]] = Field(
        default_factory=dict, description="what key attributes are that are no strings, such as {sequence: number}"
    )
    indexes: dict[Name, Index] = Field(
        default_factory=dict, description="global secondary indexes by name, such as {byState: [state, startedAt]}"
    )
    items: tuple[Annotated[JsonValue, AfterValidator(known_servers)], ...] = Field(
        (),
        description="what the table holds at the start; `${plan}` stands for the plan, `${serverId.NAME}` for a server's id",
    )

    @model_validator(mode="after")
    def _has_a_key(self, info: ValidationInfo) -> Self:
        names: Names | None = info.context
        if names and not names.is_stack and not self.key:
            raise objection("a table needs `key`", self.__class__.model_fields["key"].description or "")
        if names and names.is_stack and (self.key or self.types or self.indexes):
            raise objection("the template says what the table is", "only `items` can be given")
        if unknown := set(self.types) - set(self.attributes):
            raise objection(f"`{sorted(unknown)[0]}` is in no key", "only attributes of keys have a type")
        return self

    @property
    def attributes(self) -> tuple[str, ...]:
        """Every attribute that is in a key, once."""
        return tuple(dict.fromkeys((*self.key, *(name for index in self.indexes.values() for name in index.key))))


class Rule(Model):
    """An EventBridge rule of the default bus: events that match go to a handler."""

    noun: ClassVar[str] = "a rule"
    pattern: dict[Name, JsonValue] = Field(
        description="the event pattern, such as {source: [aws.drs], detail-type: [DRS Source Server Launch Result]}"
    )
    target: HandlerName = Field(description="the handler that gets the events")


class Request(Model):
    """An HTTP request, as API Gateway hands it to a function."""

    noun: ClassVar[str] = "the request"
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field("POST", description="the method; default POST")
    path: Annotated[str, AfterValidator(matching("/.*", "a path such as /executions"))] = Field(
        description="the path, such as /executions"
    )
    body: Annotated[JsonValue, BeforeValidator(_body), AfterValidator(known_servers)] = Field(
        None,
        description="the JSON body, or a JSON file with it; ${plan}, ${planId}, ${isDrill} and ${serverId.NAME} stand for"
        " their values",
    )


class Start(Model):
    """What starts the recovery: a request to a handler, or the state machine's input."""

    noun: ClassVar[str] = "`start`"
    handler: HandlerName | None = Field(None, description="the handler that takes the request")
    request: Request | None = Field(None, description="the request")
    input: Annotated[JsonValue, BeforeValidator(json_or_file), AfterValidator(known_servers)] = Field(
        None, description="the execution's input, or the path of a JSON file with it; with the same placeholders"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_request, by_input = bool(self.handler and self.request), "input" in self.model_fields_set
        if by_request == by_input or bool(self.handler) != bool(self.request):
            raise objection("`start` needs either `handler` and `request`, or `input`")
        return self


class Operate(Model):
    """How operators reach the orchestrator: requests in which ${executionName}, ${operation} and ${wave} are filled in."""

    noun: ClassVar[str] = "`operate`"
    handler: HandlerName = Field(description="the handler that takes the requests")
    execution: Request = Field(description="the request for an operation on the execution")
    wave: Request = Field(description="the request for an operation on one wave")


class Record(Model):
    """Where the orchestrator keeps its own verdict of an execution."""

    noun: ClassVar[str] = "`record`"
    table: TableName = Field(description="the table")
    key: Name = Field(description="the attribute that identifies the execution")
    status: Name = Field(description="the attribute that holds the outcome")


class System(Model):
    """The orchestrator: a state machine, its functions, tables and topics, and what starts it; or a file with all that.

    Either the file of its state machine and all the rest are named here, or they are what a CloudFormation template makes;
    then handlers and tables are the template's, by their logical ids (`Nested.Function` for those of nested stacks).
    """

    noun: ClassVar[str] = "the system"
    short_form: ClassVar[dict[str, Any] | None] = {"type": "string"}  # a file with it, which is put in its place before
    state_machine: File | None = Field(None, description="the file of the state machine's definition")
    template: File | None = Field(None, description="the CloudFormation template that makes the system, instead")
    resource: LogicalId | None = Field(None, description="the state machine in the template, by its logical id")
    parameters: dict[Name, Annotated[str, BeforeValidator(_parameter)]] = Field(
        default_factory=dict, description="the parameters of the template"
    )
    stack: Name = Field("recovery", description="the name of the stack; default recovery")
    buckets: dict[Name, dict[Name, Annotated[Path, BeforeValidator(_file_or_folder)]]] = Field(
        default_factory=dict, description="what lies in S3: files, and folders as zips, by bucket and key"
    )
    ssm_parameters: dict[Name, Annotated[str, BeforeValidator(_parameter), AfterValidator(known_servers)]] = Field(
        default_factory=dict, description="parameters of Systems Manager by name: {/failover/mode: drill}"
    )
    documents: dict[Name, File] = Field(
        default_factory=dict, description="documents of Systems Manager by name: files in YAML or JSON"
    )
    fixtures: File | None = Field(
        None, description="a file with more of these keys, such as tables, buckets and parameters; what stands here wins"
    )
    sandboxes: Literal["warm", "fresh"] = Field(
        "warm",
        description="whether a function's sandbox serves later invocations too, or each gets a fresh one; default warm",
    )
    handlers: dict[Placeholder, Handler] = Field(
        default_factory=dict, description="the functions, by the placeholder under which the definition refers to them"
    )
    topics: tuple[Placeholder, ...] = Field((), description="the SNS topics, by their placeholders")
    tables: dict[Name, Table] = Field(default_factory=dict, description="the DynamoDB tables, by name")
    environment: dict[Name, Annotated[str, AfterValidator(_known_placeholders)]] = Field(
        default_factory=dict,
        description="environment variables of all functions; ${StateMachineArn} and others are filled in",
    )
    rules: tuple[Rule, ...] = Field((), description="which events go to which handlers")
    start: Start = Field(
        default_factory=lambda: Start.model_validate({"input": {}}),
        description="what starts the recovery; default: the state machine, with {} as its input",
    )
    operate: Operate | None = Field(None, description="how operators reach the orchestrator while it runs")
    record: Record | None = Field(None, description="where the orchestrator keeps its own verdict")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.state_machine is None) == (self.template is None):
            raise objection("the system needs either `stateMachine` or `template`")
        if (self.template is None) != (self.resource is None):
            raise objection("`template` and `resource` belong together", "`resource` is the state machine in the template")
        taken = [key for key in ("handlers", "topics", "environment", "rules") if getattr(self, key)]
        if self.template is not None and taken:
            raise objection(f"the template says what there is; leave out `{'` and `'.join(taken)}`")
        return self

    @property
    def definition_file(self) -> Path:
        """The file that says what the state machine is: its own, or the template."""
        file = self.state_machine or self.template
        assert file is not None
        return file


def function_name(placeholder: str) -> str:
    """The name of the function or topic behind a placeholder: `${ApiFunctionArn}` is `ApiFunction`."""
    return placeholder.removeprefix("${").removesuffix("}").removesuffix("Arn")
