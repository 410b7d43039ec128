"""`drsim calibrate`: from captures to a profile file, and what it says on the way."""

import hashlib
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator.cli.main import exit_code
from simulator.scenario.loading import load
from simulator.scenario.profiles import load_profile
from tests.drs.captured import DRILL, DRILL_LOG, SERVERS, answer, described, logged

# Eight drills: by hand, 0.357 s x 1.1^3.5 is 0.498 s, and their logarithms deviate by 0.233.
FITTED = """\
                                  fitted   fitted            p95 lies
phase       n   median      p95   median      p95               (90%)    KS
────────────────────────────────────────────────────────────────────────────
pending     8  0.499 s  0.674 s  0.498 s  0.732 s   0.624 s to 1.04 s  0.10
cleanup     0                       75 s     4:00
snapshot    8  0.267 s   0.36 s  0.267 s  0.391 s  0.334 s to 0.568 s  0.10
queue       8   72.6 s     98 s   72.5 s     1:46      90.9 s to 2:35  0.10
conversion  8     4:28     6:02     4:28     6:33        5:34 to 9:32  0.10
launch      8     6:29     8:45     6:28     9:30       8:07 to 13:29  0.10
boot        0                       45 s     90 s
finish      8   3.88 s   5.24 s   3.88 s   5.69 s    4.84 s to 8.22 s  0.10
terminate   0                       2:30    10:00
cleanup, boot, terminate: no samples, so linux-direct's own
whole launches: 12:25 in the middle of 8; by the fitted medians 12:23
wrote ours.yaml: name it as the `profile` of a scenario's fleet, by its path from there
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str, *documents: Any, indent: int | None = 4) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(document, indent=indent) for document in documents), "utf-8")
    return path


def drills(count: int) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """The description of drills an hour apart, each a tenth slower than the one before, and their logs by the job's id."""
    jobs, logs = [], []
    for number in range(count):
        identifier = f"drsjob-5{number:016}"
        slower = [(at * 1.1**number, event, who) for at, event, who in DRILL_LOG]
        jobs.append(described(identifier, begun=3600 * number, ended=533.305 * 1.1**number))
        logs.append((identifier, answer(logged(slower, begun=3600 * number))))
    return answer(jobs), logs


def test_captures_become_a_profile_that_a_scenario_names(capsys: pytest.CaptureFixture[str]) -> None:
    content = write("captures/jobs.json", answer([described()])).read_bytes()
    write("captures/log.json", answer(logged()))

    assert exit_code(["calibrate", "captures", "--output", "profiles/our-linux.yaml"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        "wrote profiles/our-linux.yaml: name it as the `profile` of a scenario's fleet, by its path from there"
    )
    profile = load_profile(Path("profiles/our-linux.yaml"))
    assert (profile.name, profile.base) == ("our-linux", "linux-direct")
    assert {phase: (one.median_ms, one.p95_ms) for phase, one in profile.latency.given().items()} == {
        "pending": (357, 5_100),
        "snapshot": (191, 955),
        "queue": (51_900, 118_000),
        "conversion": (192_000, 424_000),
        "launch": (278_000, 452_000),
        "finish": (2_780, 6_170),
    }
    assert profile.calibrated is not None
    assert (profile.calibrated.jobs, profile.calibrated.samples["launch"]) == (1, 1)
    assert str(profile.calibrated.first_job) == "2026-02-01 10:00:00+00:00"
    first = profile.calibrated.files[0]
    assert (first.name, first.sha256) == ("jobs.json", hashlib.sha256(content).hexdigest())
    Path("one.yaml").write_text(
        "scenario: One\nfleet: {profile: profiles/our-linux.yaml, waves: [{name: data, servers: 2}]}\n", "utf-8"
    )
    assert load(Path("one.yaml")).fleet.profile == profile


def test_the_fit_is_shown_beside_the_samples(capsys: pytest.CaptureFixture[str]) -> None:
    jobs, logs = drills(8)
    write("jobs.json", jobs)
    for identifier, log in logs:
        write(f"log-{identifier}.json", log)

    assert exit_code(["calibrate", ".", "--name", "ours"]) == 0
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == FITTED.splitlines()


def test_the_same_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    jobs, logs = drills(2)
    write("all.json", jobs, *(log for _, log in logs))

    assert exit_code(["calibrate", "all.json", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["name"], report["profile"], report["base"], report["jobs"]) == (
        "calibrated",
        "calibrated.yaml",
        "linux-direct",
        2,
    )
    phases = {phase.pop("phase"): phase for phase in report["phases"]}
    assert phases["boot"] == {
        "samplesSeconds": [],
        "medianSeconds": None,
        "p95Seconds": None,
        "fitted": {"medianSeconds": 45, "p95Seconds": 90},
        "spread": "default",
        "p95RangeSeconds": None,
        "distance": None,
        "isPoor": False,
    }
    assert (len(phases["launch"]["samplesSeconds"]), phases["launch"]["spread"]) == (2, "mixed")
    assert report["wholeJobs"]["count"] == 2
    assert report["wholeJobs"]["medianSeconds"] == 559.97
    assert report["wholeJobs"]["fittedMedianSeconds"] == pytest.approx(560, abs=3)
    assert report["notes"] == []


def test_what_the_numbers_rest_on_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    write("jobs.json", answer([described(), described("drsjob-5ffffffffffffffff", begun=7200)]))
    write("log.json", answer(logged()))

    assert exit_code(["calibrate", "jobs.json", "log.json", "--base", "windows-direct"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert "cleanup, boot, terminate: no samples, so windows-direct's own" in said
    assert (
        "pending, snapshot, queue, conversion, launch, finish: a single sample has no spread, "
        "so the p95 is as far above the median as windows-direct's"
    ) in said
    assert "whole launches: 8:53 in the middle of 1; by the fitted medians 8:53" in said
    assert (
        "note: drsjob-5ffffffffffffffff: no log, so nothing to measure "
        "(get it with aws drs describe-job-log-items --job-id ...)"
    ) in said


@pytest.mark.parametrize("way", ["name", "option", "document"])
def test_a_log_says_whose_it_is_by_name_by_option_or_itself(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    twin = described("drsjob-5ffffffffffffffff")  # the same servers at the same time: only somebody who knows can tell
    write("jobs.json", answer([described(), twin]))
    log = answer(logged()) | ({"jobID": DRILL} if way == "document" else {})
    path = write(f"{DRILL}.json" if way == "name" else "log.json", log)
    arguments = ["--job", f"{DRILL}={path}"] if way == "option" else [str(path)]

    assert exit_code(["calibrate", "jobs.json", *arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["phases"][0]["samplesSeconds"] == [0.357]
    assert report["notes"] == [
        "drsjob-5ffffffffffffffff: no log, so nothing to measure (get it with aws drs describe-job-log-items --job-id ...)"
    ]


def test_a_log_that_fits_no_job_is_told_of_and_used(capsys: pytest.CaptureFixture[str]) -> None:
    write("log.json", answer(logged()))

    assert exit_code(["calibrate", "log.json", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    (note,) = report["notes"]
    assert note == (
        "log.json:1:1: this log fits no described job; it is used without the job's creation, so `pending` cannot be told "
        "from it (put the job's id into the file's name, or say --job drsjob-...=FILE)"
    )
    assert [len(phase["samplesSeconds"]) for phase in report["phases"]] == [0, 0, 1, 1, 1, 1, 0, 1, 0]


def test_standard_input_holds_several_documents(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = json.dumps(answer([described()])) + "\n" + json.dumps(answer(logged()))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8"))

    assert exit_code(["calibrate", "-", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [file["name"] for file in report["files"]] == ["<stdin>"]
    assert report["phases"][0]["samplesSeconds"] == [0.357]


def test_files_that_windows_powershell_writes_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    Path("jobs.json").write_text(json.dumps(answer([described(), *logged()])), "utf-16")

    assert exit_code(["calibrate", "jobs.json"]) == 0
    assert capsys.readouterr().err == ""


def test_files_in_a_folder_that_hold_something_else_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    write("captures/all.json", answer([described(), *logged()]))
    write("captures/package.json", {"name": "something"})
    write("captures/.cache/broken.json", "not looked at")
    write("captures/servers.json", answer([{"sourceServerID": SERVERS[0]}]))

    assert exit_code(["calibrate", "captures", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [file["name"] for file in report["files"]] == ["captures/all.json"]
    assert report["notes"] == [
        "captures/package.json, captures/servers.json: left out: it holds neither jobs nor the log of one"
    ]


def test_the_same_captures_make_the_same_profile() -> None:
    write("all.json", answer([described(), *logged()]))

    assert exit_code(["calibrate", "all.json", "--output", "a.yaml", "--name", "x"]) == 0
    assert exit_code(["calibrate", "all.json", "--output", "b.yaml", "--name", "x"]) == 0
    assert Path("a.yaml").read_bytes() == Path("b.yaml").read_bytes()


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert exit_code(["calibrate", *arguments]) == 2
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert captured.out == ""
    assert not list(Path().glob("*.yaml"))
    return captured.err.splitlines()


NEEDED = "`aws drs describe-jobs` and `aws drs describe-job-log-items` print what is needed"
ROW = "a job (with jobID) or an item of a job's log (with event and logDateTime)"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"items": [\n  {"jobID" "x"}\n]}', "a.json:2:12: not JSON: Expecting ':' delimiter (print it with --output json)"),
        ("", "a.json: is empty"),
        ("An error occurred (ExpiredTokenException)", "a.json:1:1: not JSON: Expecting value (print it with --output json)"),
        ("[" * 100_000, "a.json: not JSON that can be read: nested too deeply"),
        ('{"items": [\n  {},\n  3]}', f"a.json:2:3: expected {ROW} ({NEEDED})"),
        ('{}\n\n {"jobs": 3}', f"a.json:1:1: expected {ROW} ({NEEDED})"),
        ('{"items": []}', f"captures: no job's log in them tells how long a phase took ({NEEDED})"),
        ("[1e999, NaN]", f"a.json:1:2: expected {ROW} ({NEEDED})"),
        ('{"items": "x"}', f"a.json:1:1: expected {ROW} ({NEEDED})"),
        (
            '{"items": [{"jobID": "drsjob-1", "type": "LAUNCH",\n "creationDateTime": 7}]}',
            "a.json:2:22: expected `creationDateTime` with a text",
        ),
    ],
    ids=["syntax", "empty", "error", "deep", "rows", "documents", "nothing", "numbers", "items", "member"],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.json").write_text(text, "utf-8")

    assert refused(capsys, "a.json")[0] == problem


def test_all_problems_of_all_files_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    write("a.json", {"items": [{}] * 100}, indent=None)
    Path("empty").mkdir()
    Path("b.json").write_bytes(b"\xff\xfe\x00")

    told = refused(capsys, "a.json", "b.json", "c.json", "empty")
    assert [line.split(":")[0] for line in told] == [*["a.json"] * 5, "b.json", "c.json", "empty"]
    assert "c.json: cannot be read: No such file or directory" in told
    assert "empty: this folder holds no .json file" in told


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["all.json", "--name", "7 up"], "--name: expected a name of letters, digits, dots and dashes, found '7 up'"),
        (
            ["all.json", "--output", "x.json"],
            "x.json: expected a file that ends in .yaml: scenarios know a profile file by that",
        ),
        (["all.json", "--job", "a=b"], "such as drsjob-5fb1...=log.json, found 'a=b'"),
        ([], "Error: name at least one CAPTURE"),
    ],
    ids=["name", "suffix", "pair", "nothing"],
)
def test_arguments_that_cannot_be_are_refused(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write("all.json", answer([described(), *logged()]))

    assert refused(capsys, *arguments)[-1].endswith(problem)


def test_a_wrong_pairing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    write("jobs.json", answer([described(begun=3600)]))
    write("log.json", answer(logged()))

    (told,) = refused(capsys, "jobs.json", "--job", f"{DRILL}=log.json")
    assert told.startswith(f"log.json:1:1: this is not the log of {DRILL}: that job was created at 2026-02-01T11:00:00")
