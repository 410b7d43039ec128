"""`thresholds:`: what must hold over all seeds together, such as `p(95) < 90m @ 95%` or `rate(COMPLETED) >= 0.99`."""

import math
import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema

from simulator.scenario.durations import EXAMPLES, parse_duration_ms
from simulator.scenario.expect import Outcome
from simulator.scenario.fields import Model, OneOrMore, objection, refusal
from simulator.scenario.names import Names, did_you_mean

_CONFIDENCE = r"(?:\s*@\s*(?P<confidence>[0-9]{1,2}(?:\.[0-9]{1,3})?)\s*%)?"
_TIME = re.compile(r"(?P<what>p\(\s*(?P<percent>[0-9.]{1,6})\s*\)|mean|max)\s*(?P<sign><=?)\s*(?P<limit>\w+)" + _CONFIDENCE)
_RATE = re.compile(r"rate\(\s*(?P<outcome>\w+)\s*\)\s*(?P<sign><=?|>=?)\s*(?P<share>[0-9.]+%?)" + _CONFIDENCE)
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%")


class TimeBound(NamedTuple):
    """A bound on a time over all seeds: of the `quantile` (0 to 1), or of the `mean` or `max` if that is None.

    `confidence` (0 to 1) says how sure it must be of all seeds that there could be; None: just these.
    """

    written: str
    statistic: str
    quantile: float | None
    is_strict: bool
    limit_ms: int
    confidence: float | None


class RateBound(NamedTuple):
    """A bound on the share of the seeds that have an outcome. `sign` is one of <, <=, >, >=."""

    written: str
    outcome: str
    sign: str
    share: float
    confidence: float | None


def seeds_needed(quantile: float, confidence: float) -> int:
    """How many seeds it takes until the largest of them is above a quantile with that much confidence."""
    return math.ceil(math.log(1 - confidence) / math.log(quantile))


def _time_bound(value: Any, info: ValidationInfo) -> TimeBound:
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise refusal("expected a bound such as `p(95) < 90m`, `p(95) < 90m @ 95%`, `mean < 1h` or `max < 2h`")
    try:
        limit_ms = parse_duration_ms(match["limit"])
    except ValueError:
        raise refusal(f"expected a duration such as {EXAMPLES} as the bound") from None
    quantile = _quantile(match["percent"]) if match["percent"] else None
    confidence = _share(match["confidence"])
    if confidence is not None and quantile is None:
        raise objection(f"only a p(...) can be held with a confidence, not `{match['what']}`", "leave out what follows @")
    if quantile is not None and confidence is not None:
        _require_seeds(seeds_needed(quantile, confidence), f"p({match['percent']}) @ {match['confidence']}%", info)
    return TimeBound(value.strip(), match["what"], quantile, match["sign"] == "<", limit_ms, confidence)


def _quantile(percent: str) -> float:
    quantile = float(percent) / 100 if percent.count(".") <= 1 and percent != "." else 0.0
    if not 0 < quantile < 1:
        raise refusal("expected a percentile between 0 and 100, such as p(95)")
    return quantile


def _rate_bound(value: Any, info: ValidationInfo) -> RateBound:
    match = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise refusal("expected a bound such as `rate(COMPLETED) >= 0.99`")
    known = [str(outcome) for outcome in Outcome]
    if match["outcome"] not in known:
        raise objection(f"there is no outcome {match['outcome']}", did_you_mean(match["outcome"], known))
    try:
        share = float(match["share"].rstrip("%")) / (100 if match["share"].endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise refusal("expected a share from 0 to 1, such as 0.99 or 99%")
    confidence = _share(match["confidence"])
    if confidence is not None and match["sign"] in (">", ">=") and 0 < share < 1:
        _require_seeds(seeds_needed(share, confidence), match.group().strip(), info)
    return RateBound(value.strip(), match["outcome"], match["sign"], share, confidence)


def _share(percent: str | None) -> float | None:
    if percent is None:
        return None
    if not 0 < float(percent) < 100:
        raise refusal("expected a confidence between 0% and 100%, such as @ 95%")
    return float(percent) / 100


def _require_seeds(needed: int, bound: str, info: ValidationInfo) -> None:
    names: Names | None = info.context
    if names and names.seed_count < needed:
        count = "1 seed" if names.seed_count == 1 else f"{names.seed_count} seeds"
        raise objection(f"{count} cannot support {bound}: that takes at least {needed}", "give `run: {seeds: 1..500}`")


def _percent(value: Any) -> float:
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise refusal("expected a percentage such as 5%")
    return float(match[1]) / 100


def _baseline(value: Any, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value.endswith(".json"):
        raise refusal("expected the path of a baseline that `drsim baseline` writes, relative to this file")
    names: Names | None = info.context
    return Path(value) if names is None else (names.base / value).absolute()


_TEXT = WithJsonSchema({"type": "string"})
Times = Annotated[tuple[Annotated[TimeBound, BeforeValidator(_time_bound), _TEXT], ...], OneOrMore()]
Rates = Annotated[tuple[Annotated[RateBound, BeforeValidator(_rate_bound), _TEXT], ...], OneOrMore()]


class Drift(Model):
    """How far recovery times may move away from those of an earlier report."""

    noun: ClassVar[str] = "`drift`"
    baseline: Annotated[Path, BeforeValidator(_baseline), _TEXT] = Field(
        description="what `drsim baseline`, or earlier `drsim run --format json --output FILE`, wrote; relative to this file"
    )
    allow: Annotated[float, BeforeValidator(_percent), WithJsonSchema({"type": "string"})] = Field(
        description="by how much the median and the 95th percentile may be longer, such as 5%"
    )


class Thresholds(Model):
    """What must hold over all seeds together."""

    noun: ClassVar[str] = "`thresholds`"
    rto: Times = Field((), description="bounds on the recovery time: `p(95) < 90m`, or `p(95) < 90m @ 95%`; one or a list")
    rpo: Times = Field((), description="bounds on the age of the recovery points used, as those of `rto`; one or a list")
    outcome: Rates = Field((), description="bounds on how often an outcome comes: `rate(COMPLETED) >= 0.99`; one or a list")
    drift: Drift | None = Field(None, description="how far recovery times may move away from an earlier report")


def shown_share(share: float) -> str:
    """A share as a percentage: `99%`, `97.5%`."""
    return f"{share * 100:g}%"
