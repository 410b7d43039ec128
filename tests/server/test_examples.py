"""The programs of the guides, run as a reader would run them."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.server.served import serving

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def test_a_fleet_goes_there_and_back() -> None:
    arguments = ("--speed", "10000", "--fleet", "db=2", "--region", "us-west-2", "--origin", "us-east-1")
    with serving(*arguments) as served:
        environment = {**os.environ, "AWS_ENDPOINT_URL": served.url, "POLL_SECONDS": "0.05"}
        command = [sys.executable, str(EXAMPLES / "there_and_back.py")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    jobs = re.findall(r"drsjob-\w{17} (\w+) took \d+ min(.*)", done.stdout)
    assert jobs == [
        ("START_DRILL", " LAUNCHED LAUNCHED"),
        ("TERMINATE_RECOVERY_INSTANCES", ""),
        ("START_RECOVERY", " LAUNCHED LAUNCHED"),
        ("START_RECOVERY", " LAUNCHED LAUNCHED"),
        ("TERMINATE_RECOVERY_INSTANCES", ""),
    ]
    assert done.stdout.count(": CONTINUOUS") == 2
    assert "The Recovery Instance cannot be terminated during failback" in done.stdout
