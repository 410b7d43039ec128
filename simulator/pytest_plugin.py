"""The pytest plugin: `pytest scenarios/` runs scenario files as tests, told about in the scenarios' own words.

A test is one file, one combination of its matrix, or a share of its seeds. pytest imports this module in every run of
whoever has drsim installed, so nothing of the simulator is imported here before there is a scenario to run.
"""

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from simulator.pytest_coverage import NAME, CoverageReport, counted

if TYPE_CHECKING:
    from simulator.api import Source
    from simulator.runner.result import Result
    from simulator.scenario.model import Scenario
    from simulator.testing import DrsWorld

SEEDS_PER_TEST = 50
_SUFFIXES = (".yaml", ".yml")
_KEY = re.compile(r"""^(?:\{\s*)?["']?([A-Za-z]\w*)["']?\s*:[ \t]*([^\s#]?)""", re.MULTILINE)
_RESERVED = frozenset({"parametrize", "usefixtures", "filterwarnings", "skipif"})  # marks of pytest's that need arguments


class MeaninglessPass(pytest.PytestWarning):
    """What makes a scenario's pass mean less than it seems, such as a fault that never fired."""

    __module__ = "drsim"


class Told(Exception):
    """A scenario that did not pass. Its text is all that is shown: there is no Python of the user's to trace back to."""


class RunScenario(Protocol):
    """What the fixture `run_scenario` gives: `simulator.run`, with paths from pytest's root folder."""

    def __call__(self, source: "Source", *, seed: int | None = None) -> "Result":
        """Run a scenario file, or a Scenario, and judge it. `--drsim-seed` wins over the scenario's own seed."""


@pytest.fixture
def run_scenario(request: pytest.FixtureRequest) -> RunScenario:
    """For tests in Python: runs a scenario file, named from pytest's root folder, and gives its Result."""
    from simulator import api  # noqa: PLC0415
    from simulator.scenario.model import Scenario  # noqa: PLC0415

    root, chosen = request.config.rootpath, request.config.getoption("drsim_seed")

    def run(source: "Source", *, seed: int | None = None) -> "Result":
        used = chosen if seed is None else seed
        return counted(request.config, api.run(source if isinstance(source, Scenario) else root / source, seed=used))

    return run


@pytest.fixture
def drs_world() -> "Iterator[DrsWorld]":
    """An empty simulated AWS account with DRS on a virtual clock, for the length of the test."""
    from simulator import testing  # noqa: PLC0415

    with testing.drs_world() as world:
        yield world


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--drsim-seed`, `--drsim-coverage` and the ini option `drsim_seeds_per_test`."""
    group = parser.getgroup("drsim", "drsim scenarios")
    group.addoption("--drsim-seed", type=int, metavar="N", help="Run every scenario with this seed, not its own.")
    group.addoption("--drsim-coverage", action="store_true", help="Tell what scenarios reached of their state machines.")
    parser.addini("drsim_seeds_per_test", f"how many seeds of a scenario are one test (default {SEEDS_PER_TEST})")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark that every scenario has."""
    config.addinivalue_line("markers", "drsim: a scenario file of drsim, run as a test")
    if config.getoption("drsim_coverage"):
        config.pluginmanager.register(CoverageReport(), NAME)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take YAML files that are scenarios; leave all others alone."""
    if file_path.suffix not in _SUFFIXES or file_path.name.startswith(("_", ".")) or not is_scenario(file_path):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a scenario's own text stand for the traceback of whoever raised it."""
    report = yield
    if isinstance(item, ScenarioTest) and call.excinfo is not None and isinstance(call.excinfo.value, Told):
        report.longrepr = str(call.excinfo.value)
    return report


def is_scenario(path: Path) -> bool:
    """Whether a file is meant as a scenario: it has a `scenario:` with a text behind it, or a `fleet:`, misspelled or not.

    Narrower than what `drsim run` does with a folder that it is given, as pytest walks through folders of all kinds.
    """
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError:
        return False
    return any(_is_telling(key, value) for key, value in _KEY.findall(text))


class ScenarioFile(pytest.File):
    """A scenario file: a test for each combination of its matrix, and for each share of its seeds."""

    def collect(self) -> Iterator["ScenarioTest"]:
        """The file's tests. Raises CollectError with all that is wrong with the file."""
        from simulator.errors import UserError  # noqa: PLC0415
        from simulator.scenario.loading import load_all  # noqa: PLC0415

        try:
            scenarios = load_all(_shown(self.path, self.config))
        except UserError as error:
            raise self.CollectError(str(error)) from None
        names: set[str] = set()
        for scenario in scenarios:
            for seeds, name in _shares(scenario, self.config):
                unique = next(one for one in _candidates(name) if one not in names)
                names.add(unique)
                yield ScenarioTest.from_parent(self, name=unique, scenario=scenario, seeds=seeds)


class ScenarioTest(pytest.Item):
    """One scenario with some of its seeds. It runs in the test's setup, so that the verdict ERROR is an error to pytest.

    `run_seed` is what runs it with one of them, if not the simulator itself.
    """

    run_seed: "Callable[[Scenario, int], Result] | None" = None

    def __init__(self, *, scenario: "Scenario", seeds: Sequence[int], **others: Any) -> None:
        super().__init__(**others)
        self.scenario, self.seeds = scenario, seeds
        self._result: Result | None = None
        self.extra_keyword_matches.update((scenario.title, scenario.key, *scenario.tags))
        self.add_marker("drsim")
        for tag in scenario.tags:
            _mark(self, tag)

    def setup(self) -> None:
        """Run the scenario. Raises Told for what could not be judged."""
        from simulator.errors import UserError  # noqa: PLC0415
        from simulator.runner.run import run_scenario  # noqa: PLC0415
        from simulator.runner.sweep import folded  # noqa: PLC0415

        try:
            run = self.run_seed or run_scenario
            result = folded(self.scenario, (run(self.scenario, seed) for seed in self.seeds))
            self._result = counted(self.config, result)
        except UserError as error:
            raise Told(str(error)) from None
        if self._result.verdict == "ERROR":
            raise Told(_text(self._result))

    def runtest(self) -> None:
        """Judge the run. Raises Told if it did not pass."""
        result = self._result
        assert result is not None
        if result.verdict == "SKIPPED":
            pytest.skip(result.error or "the target lacks what the scenario needs")
        if result.verdict != "PASSED":
            raise Told(_text(result))
        try:
            for warning in result.warnings:
                self.warn(MeaninglessPass(warning))
        except MeaninglessPass as warning:  # a filter has made errors of warnings
            raise Told(f"{warning}\n\n{_text(result)}") from None

    def teardown(self) -> None:
        """Let go of the journal."""
        self._result = None

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the scenario stands, and its title."""
        line = self.scenario.where("scenario").rsplit(":", 2)[1]
        return self.path, int(line) - 1, self.scenario.title


def _is_telling(key: str, value_begins: str) -> bool:
    """Whether a key at the top says that its file is a scenario. Other tools have mappings named `scenario`."""
    known = "fleet" if value_begins in ("", "{") else "" if value_begins == "[" else "scenario"
    return bool(get_close_matches(key.lower(), [known], cutoff=0.8))


def _shares(scenario: "Scenario", config: pytest.Config) -> Iterator[tuple[Sequence[int], str]]:
    """The seeds of each of a scenario's tests, and the test's name.

    What looks over all seeds, as thresholds do, is judged only where they all are: such a scenario is one test.
    """
    cell = [f"{axis}={label}" for axis, label in scenario.cell.items()]
    chosen: int | None = config.getoption("drsim_seed")
    every = scenario.run.every_seed if chosen is None else (chosen,)
    size = int(config.getini("drsim_seeds_per_test") or SEEDS_PER_TEST)
    if len(every) <= size or _looks_over_all(scenario):
        yield every, _name(scenario.key, cell)
        return
    for first in range(0, len(every), size):
        seeds = every[first : first + size]
        yield seeds, _name(scenario.key, [*cell, f"seeds={seeds[0]}..{seeds[-1]}"])


def _looks_over_all(scenario: "Scenario") -> bool:
    expect = scenario.expect
    return bool(scenario.thresholds.model_fields_set) or bool(expect.sometimes) or expect.coverage is not None


def _name(key: str, parts: Sequence[str]) -> str:
    """A test's name, without what means something in the id of a test."""
    name = f"{key}[{'-'.join(parts)}]" if parts else key
    return "".join(letter if letter.isprintable() else "_" for letter in name).replace("::", ":")


def _candidates(name: str) -> Iterator[str]:
    yield name
    for number in range(2, 1_000_000):
        yield f"{name}-{number}"


def _mark(test: ScenarioTest, tag: str) -> None:
    """Give a test the mark for a tag: `nightly`, or `needs_review` for the tag `needs review`."""
    mark = re.sub(r"\W+", "_", tag).strip("_")
    if mark and mark not in _RESERVED:
        test.config.addinivalue_line("markers", f"{mark}: scenarios with the tag {tag}")
        test.add_marker(mark)


def _shown(path: Path, config: pytest.Config) -> Path:
    """The path as `drsim run` would be given it in the folder in which pytest was called."""
    here = config.invocation_params.dir
    return path.relative_to(here) if path.is_relative_to(here) else path


def _text(result: "Result") -> str:
    """What `drsim run` would print, below one line that says it all."""
    from simulator.report.terminal import result_text  # noqa: PLC0415
    from simulator.report.wording import failed_checks  # noqa: PLC0415

    broken = [f"{check.name}: {check.happened}" for check in failed_checks(result)]
    more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
    first = (broken or (result.error or str(result.verdict)).splitlines())[0]
    return f"{first}{more}\n\n{result_text(result)}"
