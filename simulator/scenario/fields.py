"""The kinds of value that stand in a scenario file, each with its check, and the model that all sections share."""

import os
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    Strict,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from simulator.scenario.durations import parse_duration_ms
from simulator.scenario.names import Names, did_you_mean

Value = TypeVar("Value")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%")


def refusal(message: str, hint: str = "") -> PydanticCustomError:
    """The error to raise in a validator: what was expected, without what was found."""
    return PydanticCustomError("scenario", "{message}", {"message": message, "hint": hint, "shows_value": True})


def objection(message: str, hint: str = "") -> PydanticCustomError:
    """The error to raise in a validator for a message that is complete as it is."""
    return PydanticCustomError("scenario", "{message}", {"message": message, "hint": hint, "shows_value": False})


def _unknown_key(message: str, hint: str) -> PydanticCustomError:
    context = {"message": message, "hint": hint, "shows_value": False, "is_about_key": True}
    return PydanticCustomError("scenario", "{message}", context)


def yaml_key(attribute: str) -> str:
    """How an attribute is spelled in a file: camel case, without the unit (`timeout_ms` is `timeout`)."""
    first, *rest = attribute.removesuffix("_ms").removesuffix("_mb").split("_")
    return first + "".join(word.capitalize() for word in rest)


class Model(BaseModel):
    """A section of a scenario file: immutable, without unknown keys. `noun` names it in messages.

    `short_form` is the JSON Schema of what may stand in its place, where the model reads such a thing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=yaml_key)
    noun: ClassVar[str]
    short_form: ClassVar[dict[str, Any] | None] = None

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        whole = handler(schema)
        return whole if cls.short_form is None else {"anyOf": [cls.short_form, whole]}

    @model_validator(mode="wrap")
    @classmethod
    def _explain_keys(cls, data: Any, handler: ModelWrapValidatorHandler["Model"]) -> "Model":
        try:
            return handler(data)
        except ValidationError as error:
            details = [_explained(cls, item) for item in error.errors(include_url=False)]
            raise ValidationError.from_exception_data(error.title, details) from None


def _explained(model: type[Model], error: Any) -> InitErrorDetails:
    known = {str(field.alias): field.description or "" for field in model.model_fields.values()}
    kind: Any = error["type"]
    match error["type"], error["loc"]:
        case "extra_forbidden", (str(key),):
            hint = "; ".join(filter(None, (did_you_mean(key, list(known)), _unseen(key))))
            kind = _unknown_key(f"unknown key `{key}` in {model.noun}", hint)
        case "missing", (str(key),):
            kind = objection(f"{model.noun} needs `{key}`", known[key])
        case (("model_type" | "model_attributes_type"), ()):
            kind = refusal(f"expected {model.noun}: a mapping", "its keys: " + ", ".join(known))
        case "scenario", _:
            kind = PydanticCustomError("scenario", "{message}", error["ctx"])
    return InitErrorDetails(type=kind, loc=error["loc"], input=error["input"], ctx=error.get("ctx", {}))


def _unseen(key: str) -> str:
    """What somebody who looks at a key may not see of it: a character that only looks like the right one."""
    odd = next((character for character in key if not character.isascii()), None)
    return "" if odd is None else f"it has U+{ord(odd):04X} in it, {unicodedata.name(odd, 'a character without a name')}"


def _read(parse: Callable[[str], Value]) -> Callable[[Any], Value]:
    """A validator that parses text and turns the parser's ValueError into the reader's message."""

    def validate(value: Any) -> Value:
        try:
            return parse(value if isinstance(value, str) else "")
        except ValueError as error:
            raise refusal(str(error)) from None

    return validate


def _instant(text: str) -> datetime:
    """An instant in UTC, cut to the clock's milliseconds, in years that leave room for any horizon."""
    try:
        instant: datetime | None = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not 1970 < instant.year < 2200:
        raise ValueError("expected an instant with its offset, such as 2026-03-01T02:00:00Z")
    return instant.replace(microsecond=instant.microsecond // 1_000 * 1_000).astimezone(UTC)


def _positive(duration_ms: int) -> int:
    if duration_ms == 0:
        raise refusal("expected a duration longer than nothing")
    return duration_ms


def not_empty(value: Any) -> Any:
    """A validator that refuses an empty list before anything else is looked at."""
    if isinstance(value, list) and not value:
        raise refusal("expected at least one")
    return value


class OneOrMore:
    """Marks a list in whose place one item may stand by itself."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def matching(pattern: str, expected: str) -> Callable[[str], str]:
    """A validator of text that must match `pattern`; `expected` completes the message "expected ..."."""

    def validate(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise refusal(f"expected {expected}")
        return value

    return validate


_TYPOGRAPHIC = "\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"


def _text(value: str) -> str:
    if not value.strip():
        raise refusal("expected some text")
    return value


def _name(value: str) -> str:
    if not value.strip() or value != value.strip() or not value.isprintable():
        raise refusal("expected one line of text, without blanks around it")
    if value[0] in _TYPOGRAPHIC and value[-1] in _TYPOGRAPHIC:
        raise refusal("expected plain quotes or none: typographic ones are part of the text")
    return value


_OF_STACKS = ("handler", "table")  # what a template declares, which is not read before it is deployed


def _one_of(noun: str, declared: Callable[[Names], frozenset[str]]) -> Callable[[str, ValidationInfo], str]:
    """A validator of a reference: its name must be among those that the file declares."""

    def validate(value: str, info: ValidationInfo) -> str:
        names: Names | None = info.context
        if names is not None and not (names.is_stack and noun in _OF_STACKS):
            require_one_of(noun, declared(names), value)
        return value

    return validate


def require_one_of(noun: str, known: frozenset[str], name: str) -> None:
    """Refuse a reference to something that the file does not declare."""
    if name not in known:
        raise objection(f"no {noun} is named `{name}`", did_you_mean(name, sorted(known)))


def existing_file(value: str, info: ValidationInfo) -> Path:
    """The absolute path of a file that the scenario names relative to itself."""
    names: Names | None = info.context
    path = Path(value) if names is None else (names.base / value).absolute()
    if names and names.must_exist and not os.path.isfile(path):  # unlike Path.is_file, never raises
        raise objection(f"there is no file {value}", f"looked for {path}")
    return path


_PLACEHOLDER = r"\$\{[A-Za-z][A-Za-z0-9]*\}"


def placeholders_in(text: str) -> list[str]:
    """Every `${Name}` in a text."""
    return re.findall(_PLACEHOLDER, text)


def _percent(text: str) -> float:
    match = _PERCENT.fullmatch(text)
    if not match or not 0 < float(match[1]) <= 100:
        raise ValueError("expected a percentage from above 0% to 100%, such as 90%")
    return float(match[1])


Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[str, AfterValidator(_name)]
WaveName = Annotated[str, AfterValidator(_one_of("wave", lambda names: names.waves))]
ServerName = Annotated[str, AfterValidator(_one_of("server", lambda names: names.servers))]
HandlerName = Annotated[str, AfterValidator(_one_of("handler", lambda names: names.handlers))]
TableName = Annotated[str, AfterValidator(_one_of("table", lambda names: names.tables))]
Placeholder = Annotated[str, AfterValidator(matching(_PLACEHOLDER, "a placeholder such as ${OrchestrationFunctionArn}"))]
LogicalId = Annotated[
    str,
    AfterValidator(matching(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)*", "a logical id such as Machine or Nested.Machine")),
]
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Natural = Annotated[Whole, Field(ge=0)]
Share = Annotated[float, Strict(), Field(gt=0, le=1)]
Times = Annotated[Whole, Field(ge=1)]
Amount = Annotated[float, Strict()]
Percent = Annotated[float, BeforeValidator(_read(_percent)), WithJsonSchema({"type": "string", "pattern": _PERCENT.pattern})]
Positive = Annotated[float, Strict(), Field(gt=0)]
Region = Annotated[str, AfterValidator(matching("[a-z]{2,3}(-[a-z]+)+-[0-9]", "a Region such as us-east-1"))]

DURATION_SCHEMA = {"type": "string", "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"}
Duration = Annotated[int, BeforeValidator(_read(parse_duration_ms)), WithJsonSchema(DURATION_SCHEMA)]
Span = Annotated[Duration, AfterValidator(_positive)]
Instant = Annotated[datetime, BeforeValidator(_read(_instant)), WithJsonSchema({"type": "string", "format": "date-time"})]
