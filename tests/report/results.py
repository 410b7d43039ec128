"""Results for the tests of reports: what a happy, a failed and a broken run come to."""

from dataclasses import replace
from pathlib import Path

from simulator.journal import Journal
from simulator.runner.result import Check, Result, ServerResult, Verdict, WaveResult

PASSED = Result(
    name="Three tiers recover in order",
    path=Path("scenarios/happy/three-tiers.yaml"),
    seed=1,
    verdict=Verdict.PASSED,
    outcome="COMPLETED",
    recovery_ms=1_686_350,
    rto_ms=2_700_000,
    virtual_ms=1_690_000,
    wall_seconds=0.25,
    waves=(
        WaveResult(
            "data",
            "LAUNCHED",
            1_350,
            552_000,
            (
                ServerResult("data-1", "s-1", "LAUNCHED", 1_350, 551_000, None),
                ServerResult("data-2", "s-2", "LAUNCHED", 1_350, 552_000, None),
            ),
        ),
        WaveResult(
            "web",
            "LAUNCHED",
            572_000,
            1_685_000,
            (ServerResult("web-1", "s-3", "LAUNCHED", 572_000, 1_685_000, None),),
        ),
    ),
    checks=(
        Check("outcome", True, "COMPLETED", "COMPLETED"),
        Check("rto", True, "at most 45:00", "28:06.350"),
    ),
    warnings=(),
    error=None,
    reproduce="drsim run scenarios/happy/three-tiers.yaml --seed 1",
    journal=Journal(lambda: 0),
)

FAILED = replace(
    PASSED,
    name="One server does not launch",
    path=Path("scenarios/drs/one-server-fails.yaml"),
    seed=7,
    verdict=Verdict.FAILED,
    outcome="FAILED",
    recovery_ms=4_325_000,
    waves=(
        PASSED.waves[0],
        WaveResult(
            "app",
            "FAILED",
            572_000,
            4_320_000,
            (
                ServerResult("app-1", "s-4", "LAUNCHED", 572_000, 1_000_000, None),
                ServerResult("app-2", "s-5", "FAILED", 572_000, 4_320_000, "InsufficientInstanceCapacity"),
                ServerResult("app-3", "s-6", "FAILED", 572_000, 4_320_000, "InsufficientInstanceCapacity"),
                ServerResult("app-4", "s-7", "PENDING", 572_000, None, None),
            ),
        ),
        WaveResult("web", "NOT_STARTED", None, None, (ServerResult("web-1", "s-3", "NOT_STARTED", None, None, None),)),
    ),
    checks=(
        Check(
            "outcome",
            False,
            "the recovery ends COMPLETED",
            "it ended FAILED: wave app: 2 of 4 servers did not launch",
            4_325_000,
            "state FinalizeExecution",
            ("1:12:00  app-2 FAILED", "1:12:04  lambda:Invoke OrchestrationFunction"),
        ),
        Check("order", True, "data, app", "data, app"),
        Check("rto", False, "at most 45:00", "1:12:05"),
    ),
    warnings=("fault throttle never fired",),
    reproduce="drsim run scenarios/drs/one-server-fails.yaml --seed 7",
)

BROKEN = replace(
    PASSED,
    name="A conversion that never ends",
    path=Path("scenarios/drs/hang.yaml"),
    verdict=Verdict.ERROR,
    outcome="",
    recovery_ms=None,
    waves=(WaveResult("data", "PENDING", 900, None, (ServerResult("data-1", "s-1", "PENDING", 900, None, None),)),),
    checks=(),
    error="the horizon of 24h was reached\nstill busy: states:execution-1",
    reproduce="drsim run scenarios/drs/hang.yaml --seed 1",
)
