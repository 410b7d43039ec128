"""`expect.cost`: what a run may cost in AWS."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from simulator.scenario.fields import Amount, Model, refusal

_USD = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,12})?)\s*USD")
_PATTERN = r"^[0-9]+(\.[0-9]+)?\s*USD$"
PriceName = Literal[
    "stateTransitions",
    "expressExecutions",
    "lambdaRequests",
    "lambdaGbSeconds",
    "dynamodbWriteUnits",
    "dynamodbReadUnits",
    "apiRequests",
    "notifications",
    "busEvents",
]


def parse_usd(value: Any) -> float:
    """US dollars from a text such as `0.05 USD`; raises ValueError for anything else."""
    match = _USD.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError("expected an amount such as 0.05 USD")
    return float(match[1])


def _usd(value: Any) -> float:
    try:
        return parse_usd(value)
    except ValueError as error:
        raise refusal(str(error)) from None


class Budget(Model):
    """What a run may cost: the most, and the prices where they are not those of us-east-1."""

    noun: ClassVar[str] = "`cost`"
    short_form: ClassVar[dict[str, Any] | None] = {"type": "string", "pattern": _PATTERN}
    at_most_usd: Annotated[float, BeforeValidator(_usd), WithJsonSchema({"type": "string", "pattern": _PATTERN})] = Field(
        alias="atMost", description="the most that a run may cost, such as 0.05 USD"
    )
    prices: dict[PriceName, Annotated[Amount, Field(ge=0)]] = Field(
        default_factory=dict, description="prices in USD for one of each, in place of those of us-east-1"
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {"atMost": data} if isinstance(data, str) else data

    @property
    def own_prices(self) -> Mapping[str, float]:
        """The prices by the names that usage has."""
        return {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): amount for name, amount in self.prices.items()}
