"""Which scenarios reach which lines of the code and which states: they are asked whether they notice a mutant."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from coverage import Coverage

from simulator.journal import HistoryEvent
from simulator.packaging.digests import Source, code_digest
from simulator.runner.run import run_scenario
from simulator.scenario.model import Scenario

# The check that compares a whole run line by line, and how many other checks it is reckoned as.
EXACT, OF_A_TRACE = "is_as_written", 100


@dataclass(frozen=True, slots=True)
class Reached:
    """Scenarios (by their number) by file and line, and by state; the share of lines and branches that they reach, and the
    lines that none reaches; how many checks each scenario has, and how much processor time it takes."""

    by_line: Mapping[str, Mapping[int, Sequence[int]]]
    by_state: Mapping[str, Sequence[int]]
    lines: float
    branches: float
    missing: Mapping[str, Sequence[int]]
    checks: Sequence[int]
    seconds: Sequence[float]


def reached(scenarios: Sequence[Scenario], root: Path) -> Reached:
    """Run every scenario once, watching the code in `root`. Raises RuntimeError for one that does not pass."""
    watch = Coverage(
        data_file=None, branch=True, source=[str(root / "orchestration")], concurrency="greenlet", config_file=False
    )
    by_state: dict[str, list[int]] = {}
    checks, seconds = [], []
    watch.start()
    for number, scenario in enumerate(scenarios):
        watch.switch_context(str(number))
        began = time.process_time()
        result = run_scenario(scenario)
        seconds.append(time.process_time() - began)
        if not result.passed:
            raise RuntimeError(f"{scenario.path} does not pass as it is")
        exact = sum(code.function == EXACT for code in scenario.expect.check)
        checks.append(len(result.checks) + OF_A_TRACE * exact)
        states = {event.state for _, event in result.journal.of(HistoryEvent) if event.type.endswith("StateEntered")}
        for state in sorted(filter(None, states)):
            by_state.setdefault(state, []).append(number)
    watch.stop()
    return _folded(watch, root, by_state, checks, seconds)


def remembered(scenarios: Sequence[Scenario], root: Path, parts: Sequence[Path], file: Path) -> Reached:
    """The same, from `file` if nothing in the folders `parts` has changed since it was written; it is written if not."""
    digest = code_digest(Source(part, part.name) for part in parts)
    if file.exists() and (kept := json.loads(file.read_text("utf-8")))["digest"] == digest:
        lines = {name: {int(line): who for line, who in some.items()} for name, some in kept["found"]["by_line"].items()}
        return Reached(**kept["found"] | {"by_line": lines})
    found = reached(scenarios, root)
    file.write_text(json.dumps({"digest": digest, "found": asdict(found)}), "utf-8")
    return found


def _folded(
    watch: Coverage, root: Path, by_state: Mapping[str, Sequence[int]], checks: Sequence[int], seconds: Sequence[float]
) -> Reached:
    data, by_line, missing = watch.get_data(), {}, {}
    statements = reached_statements = branches = reached_branches = 0
    for file in sorted((root / "orchestration").glob("*.py")):
        numbers = watch._analyze(str(file)).numbers
        statements, reached_statements = statements + numbers.n_statements, reached_statements + numbers.n_executed
        branches, reached_branches = branches + numbers.n_branches, reached_branches + numbers.n_executed_branches
        missing[file.name] = watch.analysis2(str(file))[3]
        by_line[file.relative_to(root).as_posix()] = {
            line: sorted(int(one) for one in contexts if one)
            for line, contexts in data.contexts_by_lineno(str(file)).items()
        }
    shares = reached_statements / statements, reached_branches / branches
    return Reached(by_line, by_state, *shares, missing, checks, seconds)
