"""Checks of what others see of a run: notifications, metrics, and the age of the data that was recovered."""

import json
from collections.abc import Iterator
from typing import Any

from simulator.journal import ApiCall, LogLine, Notified
from simulator.runner.facts import Facts
from simulator.runner.result import Check
from simulator.runner.wording import clock_time, last_before
from simulator.scenario.expect import Metric, Notification

MAX_SHOWN = 5


def check_notifications(wanted: Notification, facts: Facts) -> Check:
    """So many notifications with this text in their subject, or message, are published."""
    sent = [
        (at_ms, one)
        for at_ms, one in facts.journal.of(Notified)
        if (wanted.subject or "") in (one.subject or "") and (wanted.contains or "") in one.message
    ]
    subject = f" with {wanted.subject!r} in their subject" if wanted.subject else ""
    contains = f" that contain {wanted.contains!r}" if wanted.contains else ""
    name = f"{wanted.count} notifications{subject}{contains}"
    happened = f"there were {len(sent)}" + _told(sent if sent else list(facts.journal.of(Notified)), bool(sent))
    return judged(facts, wanted.count.holds(len(sent)), name, name, happened)


def _told(sent: list[tuple[int, Notified]], are_meant: bool) -> str:
    if not sent:
        return ""
    shown = ", ".join(f"{one.subject or one.message[:40]!r} at {clock_time(at_ms)}" for at_ms, one in sent[:MAX_SHOWN])
    return f": {shown}" if are_meant else f"; others: {shown}"


def check_metric(name: str, wanted: Metric, facts: Facts) -> Iterator[Check]:
    """A metric's values: how many there are, and within which bounds."""
    values = [(at_ms, value) for at_ms, metric, value in _metrics(facts) if metric == name]
    shown = ", ".join(f"{value:g} at {clock_time(at_ms)}" for at_ms, value in values[:MAX_SHOWN])
    happened = f"there were {len(values)} values" + (f": {shown}" if shown else "")
    title = f"metric {name} {wanted.count}x"
    yield judged(facts, wanted.count.holds(len(values)), title, f"{wanted.count} values of the metric {name}", happened)
    for bound, word, sign in ((wanted.at_least, "at least", 1), (wanted.at_most, "at most", -1)):
        if bound is not None:
            at_ms = next((at_ms for at_ms, value in values if sign * value < sign * bound), None)
            title = f"metric {name} {word} {bound:g}"
            yield judged(facts, at_ms is None, title, f"every value of {name} is {word} {bound:g}", happened, at_ms)


def _metrics(facts: Facts) -> Iterator[tuple[int, str, float]]:
    """(at_ms, name, value) of every metric, as functions log them (embedded metric format) or PutMetricData gets them."""
    for entry in facts.journal:
        match entry.event:
            case LogLine(text=text) if '"_aws"' in text:
                yield from ((entry.at_ms, name, value) for name, value in _embedded(text))
            case ApiCall(service="monitoring", operation="PutMetricData", error=None, request=dict(request)):
                data: Any = request.get("MetricData", [])
                for one in data:
                    yield entry.at_ms, str(one.get("MetricName")), float(one.get("Value", 0))


def _embedded(text: str) -> Iterator[tuple[str, float]]:
    try:
        document: Any = json.loads(text)
        declared = [one for block in document["_aws"]["CloudWatchMetrics"] for one in block["Metrics"]]
    except (ValueError, KeyError, TypeError):
        return
    for metric in declared:
        value = document.get(metric["Name"])
        yield from (
            (metric["Name"], float(one)) for one in (value if isinstance(value, list) else [value]) if one is not None
        )


def check_rpo(rpo_ms: int, facts: Facts) -> Check:
    """No server's data is older than this at the moment its recovery is asked for."""
    name, expected = f"rpo {clock_time(rpo_ms)}", f"no recovered data is older than {clock_time(rpo_ms)}"
    if not facts.recovery_points:
        return Check(
            name, True, expected, "no server was recovered", idle="no server was recovered, so that nothing was checked"
        )
    ages = {server: age_ms for server, age_ms in facts.recovery_points.items() if age_ms > rpo_ms}
    oldest = max(facts.recovery_points, key=lambda server: facts.recovery_points[server])
    happened = f"the oldest is that of {oldest}: {clock_time(facts.recovery_points[oldest])}"
    if len(ages) > 1:
        happened += f"; {len(ages)} servers are too old: {', '.join(list(ages)[:MAX_SHOWN])}"
    return judged(facts, not ages, name, expected, happened)


def judged(facts: Facts, holds: bool, name: str, expected: str, happened: str, at_ms: int | None = None) -> Check:
    """A check that passed or, with the last events before `at_ms` or the end, one that failed."""
    if holds:
        return Check(name, True, expected, happened, at_ms)
    before = last_before(facts.journal, facts.journal[-1].at_ms if at_ms is None else at_ms)
    return Check(name, False, expected, happened, at_ms, None, before)
