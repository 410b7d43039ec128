"""`requests:`: what else is asked of the orchestrator's API while the recovery runs, and what it has to answer."""

import re
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema, model_validator

from simulator.scenario.fields import Duration, HandlerName, Model, Name, OneOrMore, Text, Whole, objection, refusal
from simulator.scenario.probes import Probe, Query
from simulator.scenario.system import known_servers
from simulator.scenario.triggers import EXAMPLES, When

_LINE = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/\S*)")


class Line(NamedTuple):
    """What a request begins with: `GET /executions?limit=2`."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _line(value: Any) -> Line:
    match = _LINE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise refusal("expected a method and a path, such as GET /executions?limit=2")
    return Line(match[1], match[2])


class AnswerProbe(Probe):
    """A question to the body of an answer, and what may come of it."""

    noun: ClassVar[str] = "an expectation of an answer"
    probe: Query = Field(description="a JMESPath expression over the answer's body; `@` is all of it")
    tolerance: JsonValue = Field(description='what is expected: any value, or a comparison such as "<= 2"')


class ApiRequest(Model):
    """A request to the orchestrator's API, and what its answer has to be."""

    noun: ClassVar[str] = "a request"
    when: When = Field(description=f"when it is sent: {EXAMPLES}")
    send: Annotated[Line, BeforeValidator(_line), WithJsonSchema({"type": "string"})] = Field(
        description="method and path: GET /executions/${executionName}/timeline"
    )
    delay_ms: Duration = Field(0, description="how long after that; default: at once")
    headers: dict[Name, Text] = Field(default_factory=dict, description="headers, such as {Idempotency-Key: drill-7}")
    body: Annotated[JsonValue, BeforeValidator(known_servers)] = Field(
        None,
        description="the JSON body; ${plan}, ${planId}, ${isDrill} and ${executionName} stand for their values,"
        " ${serverId.NAME} for a server's id",
    )
    text: str | None = Field(None, description="the body as it is, in place of `body`, such as what is no JSON")
    handler: HandlerName | None = Field(
        None, description="the handler that takes it; default: the one that operators reach, else the one that starts"
    )
    status: Annotated[Whole, Field(ge=100, le=599)] = Field(200, description="the HTTP status of the answer; default 200")
    expect: Annotated[tuple[AnswerProbe, ...], OneOrMore()] = Field(
        (), description="what the answer's body has to be: {probe, tolerance}, one or a list"
    )

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.text is not None and self.body is not None:
            raise objection("a request has either `body` or `text`")
        return self
