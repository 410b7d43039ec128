"""How soon a wave's end is noticed, and at what cost: as it is, without DRS's events, and polling every 30 s.

    .venv/bin/python -m benchmarks.polling [--seeds N]

All three run the same plan with the same seeds, in virtual time. The last one is a copy of the production code whose
interval is a constant. A delay below zero: every server has launched, which is what counts, before the job itself ends.
"""

import argparse
import re
import shutil
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

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
_RULES = re.compile(r"^rules:\n(?:  .*\n)+", re.MULTILINE)


def variant(folder: Path, *, has_events: bool, is_fixed: bool) -> Path:
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
    path = folder / "five-waves.yaml"
    path.write_text(f"{SCENARIO}system:\n{indent(system, '  ')}", "utf-8")
    return path


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
    print(f"{'':28} {'delay: median':>14} {'longest':>9} {'DescribeJobs':>13} {'transitions':>12}")
    for name, has_events, is_fixed in (
        ("events and adaptive polls", True, False),
        ("adaptive polls alone", False, False),
        ("every 30 s", False, True),
    ):
        with tempfile.TemporaryDirectory() as folder:
            scenario = load(variant(Path(folder), has_events=has_events, is_fixed=is_fixed))
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
