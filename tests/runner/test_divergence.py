"""Where two journals part, told on made-up recoveries."""

from simulator.journal import FleetMade, Journal, RunEnded, RunStarted
from simulator.report.difference import difference_lines
from simulator.runner.divergence import Shift, changes, diverge
from tests.runner.story import Story

FLEET = FleetMade({"data": {"db-1": "s-db-1", "db-2": "s-db-2"}, "app": {"app-1": "s-app-1"}})


def told(*, app_at: int = 700, app_status: str = "LAUNCHED") -> Journal:
    story = Story().record(FLEET).answered(202).history("ExecutionStarted")
    story.at(60).start_recovery("db-1", "db-2").at(600).launch("LAUNCHED", "db-1", "db-2")
    story.at(app_at).start_recovery("app-1").at(app_at + 600).launch(app_status, "app-1")
    story.at(2000).history("ExecutionSucceeded").record(RunEnded("finished"))
    return story.journal


def test_equal_journals_do_not_part() -> None:
    divergence = diverge(told(), told())
    assert divergence.parting is None
    assert list(difference_lines(divergence)) == ["no event differs"]


def test_a_later_wave_is_a_shift_and_not_a_loss() -> None:
    divergence = diverge(told(), told(app_at=730))
    assert (divergence.only_a, divergence.only_b) == ((), ())
    assert divergence.shifts == (Shift("app", 1, 30_000, 30_000),)
    assert divergence.parting is not None
    assert divergence.parting.a is not None
    assert (divergence.parting.a.at_ms, divergence.parting.a.place.wave) == (700_000, "app")


def test_another_status_is_in_one_only_under_the_servers_name() -> None:
    divergence = diverge(told(), told(app_status="FAILED"))
    assert [(moment.at_ms, moment.text) for moment in divergence.only_a] == [(1_300_000, "app-1 is LAUNCHED")]
    assert [(moment.at_ms, moment.text) for moment in divergence.only_b] == [(1_300_000, "app-1 is FAILED")]


def test_a_journal_that_ends_early_parts_at_its_end() -> None:
    short = Story().record(FLEET).answered(202).journal
    parting = diverge(short, told()).parting
    assert parting is not None
    assert parting.a is None
    assert parting.b is not None
    assert parting.b.index == len(short)


def test_what_runs_were_made_from_is_compared_file_by_file() -> None:
    one = RunStarted("t", 1, "2026", "a.yaml", {}, "d1", "0.1", {"asl/m.json": "1", "code/f.py": "2"})
    other = RunStarted("t", 2, "2026", "a.yaml", {}, "d2", "0.2", {"asl/m.json": "1", "code/f.py": "3", "code/g.py": "4"})
    assert changes(one, other) == [
        "the scenario's text (a.yaml)", "the seed: 1 and 2", "drsim: 0.1 and 0.2", "code/f.py", "code/g.py"
    ]  # fmt: skip
    assert changes(one, one) == []
