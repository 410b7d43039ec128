"""The checks of a scenario: each expectation of the file against what the run's journal says."""

from collections.abc import Iterator
from itertools import pairwise

from simulator.account.models import signing_name
from simulator.journal import ApiCall, StateRetried
from simulator.runner.cost import check_cost
from simulator.runner.custom import check_in_python
from simulator.runner.facts import Facts, accepted_calls
from simulator.runner.observations import check_metric, check_notifications, check_rpo, judged
from simulator.runner.result import Check, WaveResult
from simulator.runner.statements import always, never, sometimes
from simulator.runner.wording import clock_time, last_before, last_caught, seconds
from simulator.scenario.expect import Count, Expect, Response, Retries, WaveExpectation


def check_all(expect: Expect, facts: Facts) -> list[Check]:
    """Every expectation that the scenario states, in the order of the language."""
    return [*_ending(expect, facts), *_waves(expect, facts), *_counts(expect, facts), *_sentences(expect, facts)]


def check_hopes(expect: Expect, facts: Facts) -> list[Check]:
    """What must be so sometimes: in this run, or, where there are several, in one of them."""
    return [sometimes(statement, facts) for statement in expect.sometimes]


def _ending(expect: Expect, facts: Facts) -> Iterator[Check]:
    if expect.outcome is not None:
        yield _outcome(str(expect.outcome), facts)
    if expect.reason is not None:
        yield _reason(expect.reason, facts)
    if expect.response is not None:
        yield from _response(expect.response, facts)
    if expect.rto_ms is not None:
        yield _rto(expect.rto_ms, facts)
    if expect.rpo_ms is not None:
        yield check_rpo(expect.rpo_ms, facts)
    if expect.cost is not None:
        yield check_cost(expect.cost, facts)


def _waves(expect: Expect, facts: Facts) -> Iterator[Check]:
    if expect.order is not None:
        yield _order(expect.order, facts)
    for name in expect.not_started:
        yield _not_started(_wave(facts, name), facts)
    for name, expected in expect.waves.items():
        yield from _wave_checks(expected, _wave(facts, name), facts)


def _counts(expect: Expect, facts: Facts) -> Iterator[Check]:
    for operation, count in expect.calls.items():
        yield _calls(_operation(operation), count, facts)
    for retries in expect.retries:
        yield from _retries(retries, facts)
    for wanted in expect.notifications:
        yield check_notifications(wanted, facts)
    for name, metric in expect.metrics.items():
        yield from check_metric(name, metric, facts)


def _sentences(expect: Expect, facts: Facts) -> Iterator[Check]:
    yield from (always(statement, facts) for statement in expect.always)
    yield from (never(statement, facts) for statement in expect.never)
    yield from (check_in_python(code, facts) for code in expect.check)


def _operation(operation: str) -> str:
    """The operation under the journal's name of its service."""
    service, name = operation.split(":")
    return f"{signing_name(service)}:{name}"


def _failed(facts: Facts, name: str, expected: str, happened: str, at_ms: int | None, where: str | None = None) -> Check:
    before = last_before(facts.journal, facts.journal[-1].at_ms if at_ms is None else at_ms)
    return Check(name, False, expected, happened, at_ms, where, before)


def _wave(facts: Facts, name: str) -> WaveResult:
    return next(wave for wave in facts.waves if wave.name == name)


def _outcome(expected: str, facts: Facts) -> Check:
    happened = f"it ended {facts.outcome}" if facts.end or facts.outcome == "REJECTED" else f"it is {facts.outcome} for good"
    waiting = f"; still waiting: {facts.ended.detail}" if facts.end is None and facts.ended.detail else ""
    reason = f" ({facts.reason[:300]})" if facts.reason and facts.outcome != expected else ""
    is_bad = facts.end is not None and facts.outcome not in (expected, "COMPLETED", "PARTIAL")
    caught = last_caught(facts.journal) if is_bad else None
    before = f"; before that, {caught[1]}" if caught and caught[0] not in facts.reason else ""
    return judged(
        facts,
        facts.outcome == expected,
        f"outcome {expected}",
        f"the recovery ends {expected}",
        happened + waiting + reason + before,
        facts.recovery_ms,
    )


def _reason(expected: str, facts: Facts) -> Check:
    happened = f"the reason is: {facts.reason[:500]}" if facts.reason else "there is no reason"
    name = f"reason contains {expected!r}"
    return judged(
        facts, expected in facts.reason, name, f"the recorded reason contains {expected!r}", happened, facts.recovery_ms
    )


def _response(response: Response, facts: Facts) -> Iterator[Check]:
    answer = facts.answer
    if answer is None:
        yield _failed(facts, "response", "the request is answered", "it was never answered", None)
        return
    if response.status is not None:
        name, expected = f"response {response.status}", f"the request is answered with HTTP {response.status}"
        yield judged(facts, answer.status == response.status, name, expected, f"HTTP {answer.status}: {answer.body}")
    if response.contains is not None:
        name, expected = f"response contains {response.contains!r}", f"the answer contains {response.contains!r}"
        yield judged(facts, response.contains in str(answer.body), name, expected, f"the answer is {answer.body}")


def _order(order: tuple[str, ...], facts: Facts) -> Check:
    """These waves start in this order, each after the one before has ended. Other waves are not looked at."""
    name, expected = f"waves in order {' → '.join(order)}", f"{' → '.join(order)}, each after the one before has ended"
    waves = [wave for wave in facts.waves if wave.name in order and wave.started_ms is not None]
    started = sorted(waves, key=lambda wave: wave.started_ms or 0)
    happened = " → ".join(f"{wave.name} at {clock_time(wave.started_ms or 0)}" for wave in started) or "none of them started"
    for wanted, wave in zip(order, started, strict=False):
        if wanted != wave.name:
            where = f"wave {wave.name}"
            return _failed(
                facts, name, expected, f"{wave.name} started where {wanted} was due: {happened}", wave.started_ms, where
            )
    if missing := order[len(started) :]:
        return _failed(facts, name, expected, f"{', '.join(missing)} never started: {happened}", facts.recovery_ms)
    for earlier, later in pairwise(started):
        if earlier.ended_ms is None or earlier.ended_ms > (later.started_ms or 0):
            state = f"is {earlier.status}" if earlier.ended_ms is None else f"ended only at {clock_time(earlier.ended_ms)}"
            what = f"{later.name} started at {clock_time(later.started_ms or 0)}, but {earlier.name} {state}"
            return _failed(facts, name, expected, what, later.started_ms, f"wave {later.name}")
    return Check(name, True, expected, happened)


def _not_started(wave: WaveResult, facts: Facts) -> Check:
    name, expected = f"{wave.name} not started", f"wave {wave.name} never starts"
    if wave.started_ms is None:
        return Check(name, True, expected, "it never started")
    happened = f"it started at {clock_time(wave.started_ms)}"
    return _failed(facts, name, expected, happened, wave.started_ms, f"wave {wave.name}")


def _wave_checks(expected: WaveExpectation, wave: WaveResult, facts: Facts) -> Iterator[Check]:
    where = f"wave {wave.name}"
    if expected.status is not None:
        name, sentence = f"{wave.name} {expected.status}", f"wave {wave.name} ends {expected.status}"
        holds = wave.status == expected.status
        reasons = "; ".join(f"{server.name}: {server.reason}" for server in wave.servers if server.reason)
        happened = f"it is {wave.status}" + (f" ({reasons})" if reasons else "")
        yield (
            Check(name, True, sentence, happened)
            if holds
            else _failed(facts, name, sentence, happened, wave.ended_ms, where)
        )
    if expected.within_ms is not None:
        name = f"{wave.name} within {clock_time(expected.within_ms)}"
        sentence = f"wave {wave.name} ends at most {clock_time(expected.within_ms)} after it starts"
        if wave.started_ms is None or wave.ended_ms is None:
            yield _failed(
                facts, name, sentence, "it never ended" if wave.started_ms is not None else "it never started", None, where
            )
            return
        took_ms = wave.ended_ms - wave.started_ms
        happened = f"it took {clock_time(took_ms)}"
        holds = took_ms <= expected.within_ms
        yield (
            Check(name, True, sentence, happened)
            if holds
            else _failed(facts, name, sentence, happened, wave.ended_ms, where)
        )


def _rto(rto_ms: int, facts: Facts) -> Check:
    name, expected = f"rto {clock_time(rto_ms)}", f"recovered at most {clock_time(rto_ms)} after the request"
    if facts.recovery_ms is None:
        return _failed(facts, name, expected, "it never ended", None)
    over_ms = facts.recovery_ms - rto_ms
    happened = f"it took {clock_time(facts.recovery_ms)}" + (f", {clock_time(over_ms)} too long" if over_ms > 0 else "")
    if over_ms <= 0:
        return Check(name, True, expected, happened)
    longest = max((wave for wave in facts.waves if wave.started_ms is not None and wave.ended_ms is not None), default=None,
                  key=lambda wave: (wave.ended_ms or 0) - (wave.started_ms or 0))  # fmt: skip
    where = None
    if longest is not None:
        took_ms = (longest.ended_ms or 0) - (longest.started_ms or 0)
        where = f"wave {longest.name} took longest: {clock_time(took_ms)}"
    return _failed(facts, name, expected, happened, facts.recovery_ms, where)


def _calls(operation: str, count: Count, facts: Facts) -> Check:
    calls = accepted_calls(facts.journal, operation)
    expected = f"{count} accepted calls of {operation}"
    happened = f"there were {len(calls)}" + (
        f", at {', '.join(clock_time(at_ms) for at_ms, _ in calls[:6])}" if calls else ""
    )
    at_ms = None
    if calls and not count.holds(len(calls)):
        at_ms = calls[min(count.max, len(calls) - 1) if count.max is not None else -1][0]
    return judged(facts, count.holds(len(calls)), f"{operation} {count}x", expected, happened, at_ms)


def _retries(retries: Retries, facts: Facts) -> Iterator[Check]:
    subject = retries.state or (_operation(retries.call) if retries.call else "")
    suffix = f" after {retries.error}" if retries.error else ""
    found = _state_retries(retries, facts) if retries.state else _call_retries(retries, facts)
    waits = [wait_ms for _, wait_ms in found]
    happened = f"retried after {', '.join(map(seconds, waits))}" if waits else "never retried"
    first = found[0][0] if found else None
    where = f"state {retries.state}" if retries.state else None
    if retries.intervals_ms is not None:
        wanted = ", ".join(map(seconds, retries.intervals_ms)) or "none"
        name, expected = (
            f"{subject} retried{suffix}: {wanted}",
            f"{subject} is retried{suffix}, after waits of exactly {wanted}",
        )
        if waits == list(retries.intervals_ms):
            yield Check(name, True, expected, happened)
        else:
            differs = next(
                (i for i, pair in enumerate(zip(waits, retries.intervals_ms, strict=False)) if pair[0] != pair[1]), None
            )
            at_ms = found[differs][0] if differs is not None else found[-1][0] if found else None
            yield _failed(facts, name, expected, happened, at_ms, where)
    if retries.attempts is not None:
        name = f"{subject} retried{suffix} {retries.attempts}x"
        expected = f"{subject} is retried{suffix} {retries.attempts} times"
        holds = retries.attempts.holds(len(waits))
        happened = f"{len(waits)} retries"
        yield Check(name, True, expected, happened) if holds else _failed(facts, name, expected, happened, first, where)


def _state_retries(retries: Retries, facts: Facts) -> list[tuple[int, int]]:
    """(at_ms, wait) of every retry by the state machine."""
    return [
        (at_ms, event.interval_ms)
        for at_ms, event in facts.journal.of(StateRetried)
        if event.state == retries.state and retries.error in (None, event.error)
    ]


def _call_retries(retries: Retries, facts: Facts) -> list[tuple[int, int]]:
    """(at_ms, wait) of every retry by the SDK: from an attempt's answer to the next attempt of the same call."""
    operation = _operation(retries.call) if retries.call else ""
    answered: dict[str, tuple[int, ApiCall]] = {}
    found = []
    for at_ms, call in facts.journal.of(ApiCall):
        if f"{call.service}:{call.operation}" != operation:
            continue
        if call.attempt > 1 and call.call in answered:
            failed_ms, failed = answered[call.call]
            if retries.error in (None, failed.error):
                found.append((call.started_ms, call.started_ms - failed_ms))
        answered[call.call] = (at_ms, call)
    return found
