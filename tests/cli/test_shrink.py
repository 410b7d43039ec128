"""`drsim shrink` on a scenario that really fails."""

from pathlib import Path

import pytest

from simulator.cli.main import exit_code

FAILS = """\
scenario: A server without room
tags: [drill]
fleet:
  waves:
    - {name: data, servers: 1}
    - {name: web, servers: [web-01, web-02], dependsOn: [data]}
faults:
  - {id: burst, api: drs:StartRecovery, error: ThrottlingException, times: 2}
  - {id: full, server: web-02, phase: LAUNCH, outcome: FAILED}
expect: {outcome: COMPLETED, waves: {web: {status: LAUNCHED}}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_failing_scenario_is_written_as_the_smallest_that_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "big.yaml").write_text(FAILS, "utf-8")
    assert exit_code(["shrink", "big.yaml", "--check", "web"]) == 0
    assert (folder / "big.shrunk.yaml").read_text("utf-8") == (
        "# Shrunk from big.yaml with seed 1. It fails: web LAUNCHED\n"
        "# expected: wave web ends LAUNCHED\n"
        "# happened: it is FAILED (web-02: the job log gives no reason)\n"
        "scenario: A server without room\n"
        "\n"
        "fleet:\n"
        "  waves:\n"
        "    - {name: web, servers: [web-02]}\n"
        "\n"
        "faults:\n"
        "  - {server: web-02, phase: LAUNCH, outcome: FAILED}\n"
        "\n"
        "expect:\n"
        "  waves: {web: {status: LAUNCHED}}\n"
    )
    out = capsys.readouterr().out
    assert "big.shrunk.yaml: 14 lines, after " in out
    assert exit_code(["run", "big.shrunk.yaml"]) == 1


def test_what_passes_is_not_shrunk(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "good.yaml").write_text("scenario: s\nfleet: {waves: [{name: data, servers: 1}]}\n", "utf-8")
    assert exit_code(["shrink", "good.yaml"]) == 2
    assert capsys.readouterr().err == "good.yaml: there is nothing to shrink: with seed 1 it is PASSED\n"
    assert not (folder / "good.shrunk.yaml").exists()
