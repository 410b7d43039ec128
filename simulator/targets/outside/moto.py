"""moto as an engine: its interpreter in a process of its own, its waits short, calling the world and not its own account."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

from simulator.account.moto_interpreter import RESET
from simulator.errors import Problem, UserError
from simulator.targets.target import NOTHING, Lacks

STOP_SECONDS = 10.0


class MotoEngine:
    """moto's interpreter, started when it is needed."""

    name, noun = "moto", "moto's interpreter"

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    @property
    def lacks(self) -> Lacks:
        """Nothing: it calls the world for everything."""
        return NOTHING

    def open(self, world_url: str, speed: float) -> str:
        """Start it; where it listens. Raises UserError if it does not come up."""
        command = [sys.executable, "-m", "simulator.targets.outside.moto_child", str(speed)]
        environment = {**os.environ, "MOTO_PORT": str(urlsplit(world_url).port)}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        assert self._process.stdout is not None
        url = self._process.stdout.readline().strip()
        if not url.startswith("http://"):
            self.close()
            raise UserError([Problem("--target moto", "moto's interpreter does not start", f"try {' '.join(command)}")])
        return url

    def reset_path(self) -> str:
        """Moto forgets everything here."""
        return RESET

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.communicate(timeout=STOP_SECONDS)
