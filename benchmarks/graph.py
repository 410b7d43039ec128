"""How long a plan takes as a graph and as a sequence: ten waves, the same servers and the same seeds, in virtual time.

    .venv/bin/python -m benchmarks.graph [--seeds N]

The graph is a diamond: one wave, then four side by side, then four more, each after one of those, then one. In sequence each
wave waits for the one before, which is all that ordered steps can say.
"""

import argparse
import statistics
from collections.abc import Sequence
from pathlib import Path

from simulator.runner.result import Result, Verdict
from simulator.runner.run import run_scenario
from simulator.scenario.loading import parse

TIERS = ("orders", "billing", "stock", "reports")
# (name, servers, what it depends on)
DIAMOND: Sequence[tuple[str, int, tuple[str, ...]]] = (
    ("directory", 2, ()),
    *((f"{tier}-data", 2, ("directory",)) for tier in TIERS),
    *((f"{tier}-app", servers, (f"{tier}-data",)) for tier, servers in zip(TIERS, (10, 4, 4, 6), strict=True)),
    ("web", 4, tuple(f"{tier}-app" for tier in TIERS)),
)


def scenario_text(*, is_graph: bool) -> str:
    """The scenario with the waves as a graph, or one after another in the same order."""
    lines = ["scenario: Ten waves", "fleet:", "  waves:"]
    before: tuple[str, ...] = ()
    for name, servers, depends_on in DIAMOND:
        needs = ", ".join(depends_on if is_graph else before)
        lines.append(f"    - {{name: {name}, servers: {servers}, dependsOn: [{needs}]}}")
        before = (name,)
    return "\n".join([*lines, "expect: {outcome: COMPLETED}"])


def minutes(result: Result) -> float:
    """From the request to the end. Raises RuntimeError if it did not complete."""
    if result.verdict is not Verdict.PASSED or result.recovery_ms is None:
        raise RuntimeError(f"seed {result.seed}: {result.verdict.name}, {result.outcome}")
    return result.recovery_ms / 60_000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = range(1, parser.parse_args().seeds + 1)
    taken = {}
    print(f"{'':12} {'median':>10} {'shortest':>10} {'longest':>10}")
    for name, is_graph in (("graph", True), ("sequence", False)):
        scenario = parse(scenario_text(is_graph=is_graph), Path("ten-waves.yaml"))
        taken[name] = found = [minutes(run_scenario(scenario, seed)) for seed in seeds]
        print(f"{name:12} {statistics.median(found):8.1f} m {min(found):8.1f} m {max(found):8.1f} m")
    saved = [1 - graph / sequence for graph, sequence in zip(taken["graph"], taken["sequence"], strict=True)]
    print(f"the graph takes {statistics.median(saved):.0%} less (median over {len(saved)} seeds; least {min(saved):.0%})")


if __name__ == "__main__":
    main()
