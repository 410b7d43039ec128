"""`steadyState:`: questions to the simulated account, and what their answers may be, before and after the recovery."""

import re
from typing import Annotated, Any, ClassVar

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from simulator.scenario.fields import Model, Text, refusal

_COMPARISON = re.compile(r"(<=|>=|<|>)\s*(-?[0-9]+(?:\.[0-9]+)?)")


def _query(text: str) -> str:
    try:
        jmespath.compile(text)
    except JMESPathError as error:
        reason = str(error).splitlines()[0].rstrip(":. ")
        raise refusal(f"expected a JMESPath expression such as length(drs.servers) ({reason})") from None
    return text


Query = Annotated[Text, AfterValidator(_query)]


def _tolerance(value: Any) -> Any:
    if isinstance(value, dict | list):
        raise refusal('expected a value such as 0, or a comparison such as "<= 2"')
    return value


class Probe(Model):
    """A question to the account, and the answers that belong to its steady state."""

    noun: ClassVar[str] = "a probe"
    probe: Query = Field(description="a JMESPath expression over {drs: {servers, jobs, instances}, executions, tables}")
    tolerance: Annotated[JsonValue, BeforeValidator(_tolerance)] = Field(
        description='the answer that is expected: a value such as 0, or a comparison such as "<= 2"'
    )

    def holds(self, answer: object) -> bool:
        """Whether an answer is within the tolerance."""
        found = _COMPARISON.fullmatch(self.tolerance.strip()) if isinstance(self.tolerance, str) else None
        if not found:
            return answer == self.tolerance and isinstance(answer, bool) == isinstance(self.tolerance, bool)
        if isinstance(answer, bool) or not isinstance(answer, int | float):
            return False
        bound = float(found[2])
        return {"<": answer < bound, "<=": answer <= bound, ">": answer > bound, ">=": answer >= bound}[found[1]]
