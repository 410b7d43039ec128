"""How soon a wave's end is noticed, and at what cost: as it is, without DRS's events, with a plan's history, and every 30 s.

    .venv/bin/python -m benchmarks.polling [--seeds N]

All run the same plan with the same seeds, in virtual time: with servers of which the rule of thumb is right, and with
servers of which it is not. The history is that of three executions with other seeds. `every 30 s` is a copy of the
production code whose interval is a constant. A delay below zero: every server has launched, which is what counts, before the
job itself ends.
"""

import argparse
import json
import re
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from typing import Any

from simulator.journal import ApiCall, HistoryEvent, JobChanged
from simulator.runner.result import Result
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load

ROOT = Path(__file__).parents[1]
SCENARIO = """
scenario: Five waves
fleet:
  waves:
    - {name: data, servers: 2}
    - {name: queue, servers: 2, dependsOn: [data]}
    - {name: app, servers: 10, dependsOn: [queue]}
    - {name: reports, servers: 5, dependsOn: [queue]}
    - {name: web, servers: 4, dependsOn: [app, reports]}
"""
_DURATIONS = "durations: {key: [planId]}"
SERVERS = {"as the rule of thumb has it": "profile: linux-direct", "slower": "latency: {conversion: {median: 9m, p95: 13m}}"}
TEACHERS = (101, 102, 103)
_RULES = re.compile(r"^rules:\n(?:  .*\n)+", re.MULTILINE)


def variant(folder: Path, servers: str, *, has_events: bool, is_fixed: bool = False, history: object = None) -> Path:
    """A scenario file that names a copy of the production side, changed as asked."""
    for part in ("asl", "orchestration"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    if is_fixed:
        waves = folder / "orchestration/waves.py"
        code = waves.read_text("utf-8")
        waves.write_text(code + "\n\ndef next_poll_seconds(*_: object) -> int:\n    return 30\n", "utf-8")
    system = (ROOT / "simulator/scenario/bundled.yaml").read_text("utf-8")
    if not has_events:
        system = _RULES.sub("", system)
    if history is not None:
        system = system.replace(_DURATIONS, f"{_DURATIONS[:-1]}, items: [{json.dumps(history)}]}}")
    path = folder / "five-waves.yaml"
    path.write_text(f"{SCENARIO}  {SERVERS[servers]}\nsystem:\n{indent(system, '  ')}", "utf-8")
    return path


def taught(servers: str) -> object:
    """What three executions, one after another, leave in the table of durations."""
    known: object = None
    for seed in TEACHERS:
        with tempfile.TemporaryDirectory() as folder:
            result = run_scenario(load(variant(Path(folder), servers, has_events=True, history=known)), seed)
        written = [call.request for _, call in result.journal.of(ApiCall) if call.operation == "PutItem"]
        known = next(one["Item"] for one in written if isinstance(one, dict) and one["TableName"] == "durations")
        known = _plain(known)
    return known


def _plain(value: Any) -> Any:
    """What DynamoDB's notation stands for, as far as durations need it."""
    if set(value) == {"M"}:
        return _plain(value["M"])
    if set(value) == {"L"}:
        return [_plain(one) for one in value["L"]]
    if set(value) == {"N"}:
        return float(value["N"])
    return value["S"] if set(value) == {"S"} else {name: _plain(one) for name, one in value.items()}


def delays_seconds(result: Result) -> list[float]:
    """From each job's end to the instant at which the state machine knows."""
    ends = [at_ms for at_ms, job in result.journal.of(JobChanged) if job.status == "COMPLETED"]
    known = [at_ms for at_ms, event in result.journal.of(HistoryEvent) if _is_known(event)]
    return [(noticed - end) / 1000 for end, noticed in zip(sorted(ends), sorted(known), strict=True)]


def _is_known(event: HistoryEvent) -> bool:
    return event.type == "TaskStateEntered" and event.state == "UpdateWaveStatus"


def calls(result: Result) -> int:
    """How often DRS was asked for a job."""
    return sum(call.operation == "DescribeJobs" for _, call in result.journal.of(ApiCall))


def transitions(result: Result) -> int:
    """States entered, which is what Step Functions charges for."""
    return sum(event.type.endswith("StateEntered") for _, event in result.journal.of(HistoryEvent))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = range(1, parser.parse_args().seeds + 1)
    for servers in SERVERS:
        print(f"{servers:28} {'delay: median':>14} {'longest':>9} {'DescribeJobs':>13} {'transitions':>12}")
        history = taught(servers)
        for name, options in (
            ("events and adaptive polls", {"has_events": True}),
            ("adaptive polls alone", {"has_events": False}),
            ("... with the plan's history", {"has_events": False, "history": history}),
            ("every 30 s", {"has_events": False, "is_fixed": True}),
        ):
            with tempfile.TemporaryDirectory() as folder:
                scenario = load(variant(Path(folder), servers, **options))
                results = [run_scenario(scenario, seed) for seed in seeds]
            delays = [delay for result in results for delay in delays_seconds(result)]
            print(
                f"{name:28} {statistics.median(delays):12.1f} s {max(delays):7.1f} s"
                f" {_mean(results, calls):13.1f} {_mean(results, transitions):12.1f}"
            )


def _mean(results: list[Result], measure: Callable[[Result], int]) -> float:
    return statistics.mean(measure(result) for result in results)


if __name__ == "__main__":
    main()
