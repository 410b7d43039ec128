"""What a run would have cost in AWS: its usage, priced by a dated table."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from simulator.runner.usage import Usage

PRICES_REGION, PRICES_DATE = "us-east-1", "2025-05"
# US dollars for one of each, on demand, beyond free tiers, as AWS published them for that Region on that date.
PRICES = Usage(
    state_transitions=0.025 / 1_000,
    express_executions=1.00 / 1_000_000,
    lambda_requests=0.20 / 1_000_000,
    lambda_gb_seconds=0.0000166667,
    dynamodb_write_units=0.625 / 1_000_000,
    dynamodb_read_units=0.125 / 1_000_000,
    api_requests=3.50 / 1_000_000,
    notifications=0.50 / 1_000_000,
    bus_events=1.00 / 1_000_000,
)
_WORDS = {
    "state_transitions": "state transitions",
    "express_executions": "Express executions",
    "lambda_requests": "Lambda requests",
    "lambda_gb_seconds": "Lambda GB-seconds",
    "dynamodb_write_units": "DynamoDB writes",
    "dynamodb_read_units": "DynamoDB reads",
    "api_requests": "API requests",
    "notifications": "notifications",
    "bus_events": "events",
}


@dataclass(frozen=True, slots=True)
class CostLine:
    """One thing that is billed: its name in `Usage`, how much was used, and what that costs in US dollars."""

    name: str
    amount: float
    usd: float

    def __str__(self) -> str:
        return f"{self.amount:.4g} {_WORDS[self.name]}" if self.amount % 1 else f"{self.amount:.0f} {_WORDS[self.name]}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run would have cost, in US dollars: by what was used, and all together."""

    lines: tuple[CostLine, ...] = ()

    @property
    def usd(self) -> float:
        """All lines together."""
        return sum(line.usd for line in self.lines)


def price(usage: Usage, own: Mapping[str, float] | None = None) -> Cost:
    """The cost of what was used; `own` prices, in US dollars for one, stand in the place of the table's."""
    paid = {field.name: (own or {}).get(field.name, getattr(PRICES, field.name)) for field in fields(Usage)}
    used = {name: float(getattr(usage, name)) for name in paid}
    return Cost(tuple(CostLine(name, used[name], used[name] * paid[name]) for name in paid if used[name]))
