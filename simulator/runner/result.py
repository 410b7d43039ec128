"""What a run of a scenario comes to: the values that reports, exit codes and other folds read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from simulator.journal import Journal
from simulator.runner.coverage import MachineCoverage
from simulator.runner.pricing import Cost


class Verdict(StrEnum):
    """PASSED; FAILED (a check broke); ERROR (the simulator or the file is at fault, or the horizon was reached).

    ABORTED (a condition of the scenario gave it up, or the steady state did not hold); SKIPPED (the target cannot judge it).
    """

    PASSED = "PASSED"
    FAILED = "FAILED"
    ERROR = "ERROR"
    ABORTED = "ABORTED"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation and what became of it.

    `expected` and `happened` are sentences for the person who wrote the scenario; `at_ms` is the virtual instant of what
    broke it and `where` its wave or state, None where there is none. `before` are the last journal events before that
    instant, one line each, oldest first, filled in for failed checks. `idle` says why a passed check means nothing;
    `skipped` why the target could not judge it, in which case it neither passed nor failed.
    """

    name: str
    passed: bool
    expected: str
    happened: str
    at_ms: int | None = None
    where: str | None = None
    before: tuple[str, ...] = ()
    idle: str | None = None
    skipped: str | None = None


@dataclass(frozen=True, slots=True)
class ServerResult:
    """A server's way through its wave. `status`: LAUNCHED, FAILED, PENDING (never ended) or NOT_STARTED."""

    name: str
    source_server_id: str
    status: str
    started_ms: int | None
    ended_ms: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class WaveResult:
    """A wave as it went. `status`: LAUNCHED, FAILED, PENDING (never ended) or NOT_STARTED."""

    name: str
    status: str
    started_ms: int | None
    ended_ms: int | None
    servers: tuple[ServerResult, ...]


@dataclass(frozen=True, slots=True)
class SeedRun:
    """One of several seeds of a scenario: how it went, and which checks `failed`."""

    seed: int
    verdict: Verdict
    outcome: str
    recovery_ms: int | None
    rpo_ms: int | None
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Objectives:
    """What the business was promised, and where that is written."""

    rto_ms: int | None = None
    rpo_ms: int | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario, one seed; or, with `seeds`, several of which it shows the first that went worst.

    `outcome` is how the recovery itself ended (COMPLETED, FAILED, REJECTED, ...), whatever the scenario expected;
    `recovery_ms` is virtual time from the request to the end of the execution, None if it never started; `rto_ms` the
    expected bound, None if none is given; `virtual_ms` the virtual time the whole run covered; `wall_seconds` how long
    the machine took (never in the journal). `error` says why the verdict is ERROR. `reproduce` is a shell command.
    `calibrated` names the latency profile if it was fitted to recorded jobs; None: nothing was. `id`, `tags`, `controls` and
    `objectives` are the scenario's, `cell` the values of its matrix. `rpo_ms` is the age of the oldest recovery point used,
    None if nothing was recovered. `hopes` are the scenario's `sometimes` where they are judged over several seeds. `digests`
    are of what ran, by kind (asl, code); `target` is where it ran. `cost` is what the run would have cost in AWS. `coverage`
    is what was reached of the state machines, over all seeds. `line` is where the scenario begins in its file, or the first
    mistake in it.
    """

    name: str
    path: Path
    seed: int
    verdict: Verdict
    outcome: str
    recovery_ms: int | None
    rto_ms: int | None
    virtual_ms: int
    wall_seconds: float
    waves: tuple[WaveResult, ...]
    checks: tuple[Check, ...]
    warnings: tuple[str, ...]
    error: str | None
    reproduce: str
    journal: Journal
    calibrated: str | None = None
    id: str = ""
    tags: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    objectives: Objectives = Objectives()
    cell: Mapping[str, str] = field(default_factory=dict)
    rpo_ms: int | None = None
    hopes: tuple[Check, ...] = ()
    seeds: tuple[SeedRun, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)
    target: str = "embedded"
    line: int | None = None
    coverage: tuple[MachineCoverage, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the verdict is PASSED."""
        return self.verdict is Verdict.PASSED
