"""Which scenarios reach which lines of the code and which states: they are asked first whether they notice a mutant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coverage import Coverage

from simulator.journal import HistoryEvent
from simulator.runner.run import run_scenario
from simulator.scenario.model import Scenario


@dataclass(frozen=True, slots=True)
class Reached:
    """Scenarios (by their number) by file and line, and by state; the share of lines and branches that they reach, and the
    lines that none reaches; how many checks each scenario has."""

    by_line: Mapping[tuple[str, int], Sequence[int]]
    by_state: Mapping[str, Sequence[int]]
    lines: float
    branches: float
    missing: Mapping[str, Sequence[int]]
    checks: Sequence[int]


def reached(scenarios: Sequence[Scenario], root: Path) -> Reached:
    """Run every scenario once, watching the code in `root`. Raises RuntimeError for one that does not pass."""
    watch = Coverage(
        data_file=None, branch=True, source=[str(root / "orchestration")], concurrency="greenlet", config_file=False
    )
    by_state: dict[str, list[int]] = {}
    checks: list[int] = []
    watch.start()
    for number, scenario in enumerate(scenarios):
        watch.switch_context(str(number))
        result = run_scenario(scenario)
        if not result.passed:
            raise RuntimeError(f"{scenario.path} does not pass as it is")
        checks.append(len(result.checks))
        states = {event.state for _, event in result.journal.of(HistoryEvent) if event.type.endswith("StateEntered")}
        for state in sorted(filter(None, states)):
            by_state.setdefault(state, []).append(number)
    watch.stop()
    return _folded(watch, root, by_state, checks)


def _folded(watch: Coverage, root: Path, by_state: Mapping[str, Sequence[int]], checks: Sequence[int]) -> Reached:
    data, by_line, missing = watch.get_data(), {}, {}
    statements = reached_statements = branches = reached_branches = 0
    for file in sorted((root / "orchestration").glob("*.py")):
        numbers = watch._analyze(str(file)).numbers
        statements, reached_statements = statements + numbers.n_statements, reached_statements + numbers.n_executed
        branches, reached_branches = branches + numbers.n_branches, reached_branches + numbers.n_executed_branches
        missing[file.name] = watch.analysis2(str(file))[3]
        for line, contexts in data.contexts_by_lineno(str(file)).items():
            by_line[file.relative_to(root).as_posix(), line] = sorted(int(one) for one in contexts if one)
    return Reached(by_line, by_state, reached_statements / statements, reached_branches / branches, missing, checks)
