"""A scenario leaves the same journal wherever and whenever it runs. (That each of them passes, pytest sees for itself.)"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.runner.run import run_scenario
from simulator.scenario.loading import load
from tests.e2e.conftest import ROOT, SCENARIOS

DRILL = SCENARIOS / "happy" / "three-wave-drill.yaml"
THROTTLED = SCENARIOS / "throttling" / "reaches-the-state-machine.yaml"


@pytest.mark.parametrize("file", [DRILL, THROTTLED], ids=lambda file: file.stem)
def test_a_second_run_in_the_same_process_leaves_the_same_journal(file: Path) -> None:
    first, second = (run_scenario(load(file)).journal.to_jsonl() for _ in range(2))
    assert first == second


def test_another_seed_leaves_another_journal() -> None:
    first, second = (run_scenario(load(DRILL), seed).journal.to_jsonl() for seed in (1, 2))
    assert first != second


def journals(folder: Path, *paths: Path, hash_seed: str) -> dict[str, bytes]:
    """What `drsim run --journal` writes, from a process of its own."""
    command = [sys.executable, "-m", "simulator", "run", "--journal", str(folder), *map(str, paths)]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_another_process_hash_seed_and_order_leave_the_same_journals(tmp_path: Path) -> None:
    first = journals(tmp_path / "first", DRILL, THROTTLED, hash_seed="1")
    second = journals(tmp_path / "second", THROTTLED, DRILL, hash_seed="20261123")
    assert len(first) == 2
    assert first == second
