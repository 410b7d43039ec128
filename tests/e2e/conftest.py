"""The bundled orchestrator, whole or with a change applied, under the shipped scenarios."""

import shutil
from pathlib import Path
from textwrap import indent

import pytest

from simulator.runner.result import Result
from simulator.runner.run import run_scenario
from simulator.scenario.loading import load

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "scenarios"


class Production:
    """A copy of the production side in a folder of its own, to change and to run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("asl", "orchestration"):
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))

    def change(self, file: str, old: str, new: str) -> None:
        """Replace a text that must occur exactly once."""
        path = self.folder / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{file} contains the text to change {text.count(old)} times"
        path.write_text(text.replace(old, new), "utf-8")

    def run(self, scenario: str) -> Result:
        """Run a shipped scenario (`drs/every-server-fails.yaml`) against this copy."""
        return run_scenario(load(self.scenario(scenario)))

    def scenario(self, scenario: str) -> Path:
        """A shipped scenario as a file that names this copy's state machine and handlers."""
        system = (ROOT / "simulator/scenario/bundled.yaml").read_text("utf-8")
        text = (SCENARIOS / scenario).read_text("utf-8") + "\nsystem:\n" + indent(system, "  ")
        path = self.folder / Path(scenario).name
        path.write_text(text, "utf-8")
        return path


@pytest.fixture
def production(tmp_path: Path) -> Production:
    return Production(tmp_path)
