"""The command itself: version, help, and what they may not cost."""

import subprocess
import sys

import pytest

from simulator import __version__
from simulator.cli.main import exit_code

HEAVY = ("pydantic", "yaml", "boto3", "botocore", "moto", "rich", "greenlet", "simulator.runner")


def modules_after(*arguments: str) -> set[str]:
    program = (
        "import sys\n"
        "from simulator.cli.main import exit_code\n"
        f"code = exit_code({list(arguments)!r})\n"
        "print(code, *sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    code, *modules = done.stderr.split()
    assert code == "0"
    return set(modules)


def test_version_is_the_package_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["--version"]) == 0
    assert capsys.readouterr().out == f"drsim {__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["check", "--help"]])
def test_help_and_version_load_nothing_heavy(arguments: list[str]) -> None:
    assert modules_after(*arguments).isdisjoint(HEAVY)


def test_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "simulator", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"drsim {__version__}\n"


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["--help"]) == 0
    text = capsys.readouterr().out
    assert "  run " in text
    assert "  check " in text
