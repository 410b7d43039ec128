"""Results in words: what the terminal and JUnit reports share."""

from collections import Counter
from collections.abc import Iterable, Sequence

from simulator.runner.result import Check, Result, ServerResult, Verdict, WaveResult
from simulator.runner.wording import clock_time

MAX_NAMES = 5
_ENDINGS = {"FAILED": "failed", "PENDING": "never ended", "NOT_STARTED": "not started"}


def printable(text: str) -> str:
    """The text in one line, with control characters (a handler's, a file's) made visible instead of effective."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def whole_seconds(at_ms: int) -> str:
    """Virtual time on a clock, the milliseconds cut off: `33:05`, `1:02:10`."""
    return clock_time(at_ms // 1_000 * 1_000)


def times(result: Result) -> str:
    """How long the recovery took, against its objective: `28:06 (RTO 45:00)`. Empty if it never started."""
    if result.recovery_ms is None:
        return ""
    if result.rto_ms is None:
        return whole_seconds(result.recovery_ms)
    is_late = result.recovery_ms > result.rto_ms
    took = clock_time(result.recovery_ms) if is_late else whole_seconds(result.recovery_ms)
    return f"{took} (RTO {clock_time(result.rto_ms)})"


def facts(result: Result) -> list[str]:
    """The outcome, how much was checked, the seed and the file."""
    count = sum(check.skipped is None for check in result.checks)
    checked = "1 check" if count == 1 else f"{count or 'no'} checks"
    outcome = [f"outcome {printable(result.outcome)}", checked] if result.outcome else []
    promised = [promise] if (promise := objectives(result)) else []
    where = [] if result.target == "embedded" else [f"target {result.target}"]
    return [*outcome, *where, *promised, *(_seeds(result) or [f"seed {result.seed}"]), printable(str(result.path))]


def objectives(result: Result) -> str:
    """The recovery point that was reached against what was promised, and where that is written."""
    promised = result.objectives
    point = f"RPO {clock_time(promised.rpo_ms)}" if promised.rpo_ms is not None else ""
    reached = f"{clock_time(result.rpo_ms)} ({point})" if point and result.rpo_ms is not None else point
    return ", ".join(filter(None, [reached, printable(promised.source or "")]))


def _seeds(result: Result) -> list[str]:
    """How the seeds went, where there are several."""
    if not result.seeds:
        return []
    bad = [run.seed for run in result.seeds if run.verdict not in (Verdict.PASSED, Verdict.SKIPPED)]
    named = ", ".join(map(str, bad[:MAX_NAMES])) + (", ..." if len(bad) > MAX_NAMES else "")
    times_ms = sorted(run.recovery_ms for run in result.seeds if run.recovery_ms is not None)
    spread = [f"{whole_seconds(times_ms[0])} to {whole_seconds(times_ms[-1])}"] if times_ms else []
    went = f"{len(result.seeds)} seeds, {f'{len(bad)} not passed: {named}' if bad else 'all passed'}"
    return [went, *spread, f"shown: seed {result.seed}"]


def calibration(result: Result) -> str:
    """Whether the latencies were fitted to recorded jobs: `uncalibrated`, or `calibrated: our-linux`."""
    return f"calibrated: {printable(result.calibrated)}" if result.calibrated else "uncalibrated"


def uncalibrated(results: Sequence[Result]) -> str:
    """How many of the results rest on latencies that were not fitted to recorded jobs: `; uncalibrated`, or nothing."""
    count = sum(result.calibrated is None for result in results if result.outcome)
    judged = sum(bool(result.outcome) for result in results)
    return "" if not count else "; uncalibrated" if count == judged else f"; {count} uncalibrated"


def wave_count(wave: WaveResult) -> str:
    """`3/4 launched`, or that the wave never started."""
    if wave.status == "NOT_STARTED":
        return "not started"
    launched = sum(server.status == "LAUNCHED" for server in wave.servers)
    return f"{launched}/{len(wave.servers)} launched"


def losses(wave: WaveResult) -> list[str]:
    """The wave's servers that did not launch, those with the same fate in one line: `app-3 failed: no capacity`."""
    if wave.status == "NOT_STARTED":
        return []
    fates: dict[tuple[str, str | None], list[ServerResult]] = {}
    for server in wave.servers:
        if server.status != "LAUNCHED":
            fates.setdefault((server.status, server.reason), []).append(server)
    return [_loss(status, reason, servers) for (status, reason), servers in fates.items()]


def check_rows(check: Check) -> list[tuple[str, str]]:
    """A failed check as labelled lines: expected, happened, at, before. Further lines of a label have an empty one."""
    rows = [("expected", printable(check.expected)), ("happened", printable(check.happened))]
    if check.at_ms is not None or check.where:
        instant = "the end" if check.at_ms is None else clock_time(check.at_ms)
        rows.append(("at", ", ".join([instant, *([printable(check.where)] if check.where else [])])))
    labels = ["before", *[""] * len(check.before)]
    return rows + list(zip(labels, map(printable, check.before), strict=False))


def error_lines(result: Result) -> list[str]:
    """Why a result is an ERROR."""
    return [printable(line) for line in (result.error or "").splitlines()]


def failed_checks(result: Result) -> list[Check]:
    """The checks that broke."""
    return [check for check in result.checks if not check.passed]


def skipped_checks(result: Result) -> list[str]:
    """The checks that the target could not judge, those with the same reason in one line."""
    reasons: dict[str, list[str]] = {}
    for check in result.checks:
        if check.skipped is not None:
            reasons.setdefault(check.skipped, []).append(check.name)
    return [printable(f"skipped: {', '.join(names)} ({reason})") for reason, names in reasons.items()]


def tally(results: Iterable[Result]) -> dict[Verdict, int]:
    """How many results have each verdict, in the order of `Verdict`."""
    counts = Counter(result.verdict for result in results)
    return {verdict: counts[verdict] for verdict in Verdict}


def summary(results: Sequence[Result]) -> str:
    """`3 scenarios: 2 passed, 1 failed`."""
    noun = "scenario" if len(results) == 1 else "scenarios"
    counts = (f"{count} {_PLURAL.get(verdict, verdict.lower())}" for verdict, count in tally(results).items() if count)
    return f"{len(results)} {noun}: {', '.join(counts)}"


_PLURAL = {Verdict.ERROR: "could not be judged"}


def _loss(status: str, reason: str | None, servers: Sequence[ServerResult]) -> str:
    names = ", ".join(printable(server.name) for server in servers[:MAX_NAMES])
    more = f" and {len(servers) - MAX_NAMES} more" if len(servers) > MAX_NAMES else ""
    ending = _ENDINGS.get(status, status)
    return f"{names}{more} {ending}" + (f": {printable(reason)}" if reason else "")


def _escaped(character: str) -> str:
    return " " if character in "\t\n\r" else character.encode("unicode_escape").decode("ascii")
