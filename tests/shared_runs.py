"""The shipped scenarios, each run once in a session of pytest: whoever asks first runs it, for all processes of xdist."""

import fcntl
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from simulator.runner.result import Result
from simulator.runner.run import run_scenario
from simulator.scenario.discovery import discover
from simulator.scenario.loading import load_all
from simulator.scenario.model import Scenario

SHIPPED = Path(__file__).parents[1] / "scenarios"


class SharedRuns:
    """Results in a folder. A result is its scenario's file, cell of the matrix and seed; nothing else changes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def run(self, scenario: Scenario, seed: int) -> Result:
        """What a run came to; it happens now unless it has happened already."""
        with self._held(scenario, seed) as file:
            if not file.exists():
                file.write_bytes(pickle.dumps(run_scenario(scenario, seed)))
            result: Result = pickle.loads(file.read_bytes())
        return result

    @contextmanager
    def _held(self, scenario: Scenario, seed: int) -> Iterator[Path]:
        name = f"{Path(scenario.path).resolve()} {sorted(scenario.cell.items())} {seed}"
        file = self._folder / sha256(name.encode()).hexdigest()
        with file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield file


def folder_of(config: pytest.Config) -> Path:
    """The folder that all processes of this session of pytest have for themselves."""
    base: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    return (base.parent if hasattr(config, "workerinput") else base) / "shared-runs"


def shipped(config: pytest.Config) -> list[Scenario]:
    """Every shipped scenario; in each process of xdist another way round, so that two share the work."""
    files = discover([SHIPPED])
    number = int(getattr(config, "workerinput", {}).get("workerid", "gw0").removeprefix("gw"))
    return [scenario for file in (files[::-1] if number % 2 else files) for scenario in load_all(file)]
