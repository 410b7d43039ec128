"""What the scenarios of a pytest run have reached of their state machines, from all its processes: `--drsim-coverage`."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simulator.runner.coverage import MachineCoverage
    from simulator.runner.result import Result

_KEY = "drsim_coverage"
NAME = "drsim-coverage"  # of the plugin that counts, in pytest's plugin manager


class CoverageReport:
    """Adds the coverage of results up, and tells it at the end of the run. Workers of xdist send theirs to who reports."""

    def __init__(self) -> None:
        self._found: tuple[MachineCoverage, ...] = ()

    def add(self, result: "Result") -> None:
        """Count a result."""
        from simulator.runner.coverage import merged  # noqa: PLC0415

        self._found = merged([*self._found, *result.coverage])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """In a worker: hand over what was found, as plain data."""
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_KEY] = [[one.name, one.definition, list(one.counts), one.executions, one.source] for one in self._found]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """In the process that reports: take what a worker found."""
        from simulator.runner.coverage import MachineCoverage, merged  # noqa: PLC0415

        rows: list[Any] = getattr(node, "workeroutput", {}).get(_KEY, [])
        found = (MachineCoverage(name, text, tuple(counts), runs, source) for name, text, counts, runs, source in rows)
        self._found = merged([*self._found, *found])

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell it."""
        from simulator.report.coverage import coverage_lines, coverage_of  # noqa: PLC0415

        terminalreporter.section("drsim coverage")
        for line in coverage_lines(coverage_of(self._found)):
            terminalreporter.write_line(line)


def counted(config: pytest.Config, result: "Result") -> "Result":
    """The result, counted if coverage was asked for."""
    counter = config.pluginmanager.get_plugin(NAME)
    if isinstance(counter, CoverageReport):
        counter.add(result)
    return result
