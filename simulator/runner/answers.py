"""The requests of a scenario as checks: what its API answered, against what it has to answer."""

from collections.abc import Iterator, Sequence

import jmespath
from jmespath.exceptions import JMESPathError

from simulator.journal import Asked
from simulator.json_types import JsonValue
from simulator.runner.facts import Facts
from simulator.runner.observations import judged
from simulator.runner.result import Check
from simulator.scenario.requests import AnswerProbe, ApiRequest

MAX_SHOWN = 2_000  # characters


def check_answers(requests: Sequence[ApiRequest], facts: Facts) -> Iterator[Check]:
    """Every request was sent, and its answer has the status and the body that the scenario says."""
    answers = {asked.number: (at_ms, asked) for at_ms, asked in facts.journal.of(Asked)}
    for number, request in enumerate(requests, 1):
        title = f"request {number}, {request.send}"
        if number not in answers:
            happened = "it was never sent: the moment that it waits for did not come"
            yield judged(facts, False, title, f"{request.send} is answered", happened)
            continue
        at_ms, asked = answers[number]
        expected, happened = f"{request.send} is answered with HTTP {request.status}", f"HTTP {asked.status}: {asked.body}"
        yield judged(facts, asked.status == request.status, f"{title}: {request.status}", expected, happened, at_ms)
        yield from (_probed(f"{title}: {probe.probe}", probe, asked, facts, at_ms) for probe in request.expect)


def _probed(name: str, probe: AnswerProbe, asked: Asked, facts: Facts, at_ms: int) -> Check:
    expected = f"{probe.probe} of the answer is {_shown(probe.tolerance)}"
    try:
        found: JsonValue = jmespath.search(probe.probe, asked.body)
    except JMESPathError as error:
        return judged(facts, False, name, expected, f"it cannot be told: {error}; the answer is {_shown(asked.body)}", at_ms)
    return judged(facts, probe.holds(found), name, expected, f"it was {_shown(found)}", at_ms)


def _shown(value: JsonValue) -> str:
    return "nothing" if value is None else str(value)[:MAX_SHOWN]
