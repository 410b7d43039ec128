"""Reading a scenario: defaults, every key, and every problem at once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator.errors import ScenarioError
from simulator.scenario.expect import Outcome
from simulator.scenario.faults import ApiFault, BusyFault, Operation, PhaseFault, Window
from simulator.scenario.latency import Latency
from simulator.scenario.loading import load, parse
from simulator.scenario.triggers import Trigger, WaveIsLaunched, WaveStarts

SMALLEST = """\
scenario: Three tiers recover in order
fleet:
  waves:
    - {name: data, servers: 2}
    - {name: app,  servers: 4, dependsOn: [data]}
    - {name: web,  servers: 3, dependsOn: [app]}
expect:
  outcome: COMPLETED
  rto: 45m
"""

FULL = """\
scenario: Throttled control plane, one bad server
id: DR-2026-014
tags: [drill, retry]
fleet:
  region: eu-central-1
  profile: windows-direct
  latency: {conversion: {median: 4m, p95: 9m}, launch: 5m, queue: {median: 1m}}
  drill: false
  waves:
    - {name: data, servers: [db-01, db-02], timeout: 30m, poll: 15s}
    - {name: app, servers: [app-01, app-02, app-03], dependsOn: [data]}
run: {seed: 7, start: 2026-05-01T12:00:00+02:00, horizon: 8h}
faults:
  - id: burst
    api: drs:[StartRecovery, DescribeJobs]
    error: ThrottlingException
    message: slow down
    during: {after: wave app starts, from: 10s, for: 4m}
    rate: 0.7
    times: 40
  - {server: app-03, phase: LAUNCH, outcome: FAILED, rawError: InsufficientInstanceCapacity, times: 1}
  - {server: db-01, busy: {from: 0s, for: 10m}}
  - {api: sns:Publish, error: InternalError, during: {after: wave data is launched, for: 1h}}
expect:
  outcome: FAILED
  order: [data, app]
  notStarted: [app]
  rto: 90m
  calls: {drs:StartRecovery: 4, sns:Publish: "<= 2", drs:DescribeJobs: {min: 2}}
  retries:
    - {state: StartWaveRecovery, error: ThrottlingException, intervals: [2s, 4s, 8s]}
    - {call: drs:StartRecovery, attempts: ">= 1"}
  response: {status: 202, contains: executionId}
  notifications: 1
  reason: app-03
  waves: {app: {status: FAILED, within: 20m}}
"""


def test_smallest_scenario_gets_every_default() -> None:
    scenario = parse(SMALLEST, Path("dir/three-tiers.yaml"))

    assert scenario.title == "Three tiers recover in order"
    assert (scenario.key, scenario.plan_id, scenario.tags) == ("three-tiers", "three-tiers", ())
    assert (scenario.run.seed, scenario.run.horizon_ms) == (1, 86_400_000)
    assert scenario.run.start == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert (scenario.fleet.region, scenario.fleet.profile.name, scenario.fleet.drill) == ("us-east-1", "linux-direct", True)
    assert scenario.fleet.latency.given() == {}
    assert [wave.server_names for wave in scenario.fleet.waves] == [
        ("data-1", "data-2"),
        ("app-1", "app-2", "app-3", "app-4"),
        ("web-1", "web-2", "web-3"),
    ]
    assert [wave.depends_on for wave in scenario.fleet.waves] == [(), ("data",), ("app",)]
    assert (scenario.expect.outcome, scenario.expect.rto_ms) == (Outcome.COMPLETED, 2_700_000)
    assert (scenario.faults, scenario.expect.order, scenario.expect.calls) == ((), None, {})


def test_default_system_is_the_bundled_orchestrator() -> None:
    system = parse(SMALLEST, Path("x.yaml")).system
    root = Path(__file__).parents[2]

    assert system.state_machine == root / "asl/recovery_plan.asl.json"
    api = system.handlers["${ApiFunctionArn}"]
    assert (api.code.file, api.code.function, api.timeout_ms) == (root / "orchestration/api.py", "handler", 30_000)
    assert system.environment["STATE_MACHINE_ARN"] == "${StateMachineArn}"
    assert system.record is not None
    assert (system.record.table, system.record.key, system.record.status) == ("executions", "executionId", "status")


def test_every_key_is_read() -> None:
    scenario = parse(FULL, Path("x.yaml"))
    data, app = scenario.fleet.waves

    assert (scenario.key, scenario.plan_id, scenario.tags) == ("DR-2026-014", "dr-2026-014", ("drill", "retry"))
    assert (scenario.fleet.region, scenario.fleet.drill) == ("eu-central-1", False)
    assert scenario.fleet.profile.name == "windows-direct"
    assert {phase: (latency.median_ms, latency.p95_ms) for phase, latency in scenario.fleet.latency.given().items()} == {
        "conversion": (240_000, 540_000),
        "launch": (300_000, 300_000),
        "queue": (60_000, 60_000),
    }
    assert (data.server_names, data.timeout_ms, data.poll_ms) == (("db-01", "db-02"), 1_800_000, 15_000)
    assert (app.timeout_ms, app.poll_ms) == (None, None)
    assert scenario.run.start == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert (scenario.run.seed, scenario.run.horizon_ms) == (7, 28_800_000)


def test_every_kind_of_fault_is_read() -> None:
    burst, launch, busy, publish = parse(FULL, Path("x.yaml")).faults

    assert isinstance(burst, ApiFault)
    assert burst.api == (Operation("drs", "StartRecovery"), Operation("drs", "DescribeJobs"))
    assert (burst.id, burst.error, burst.message, burst.rate, burst.times) == (
        "burst",
        "ThrottlingException",
        "slow down",
        0.7,
        40,
    )
    assert isinstance(burst.during, Window)
    assert (burst.during.after, burst.during.from_ms, burst.during.for_ms) == (
        Trigger(WaveStarts("app"), 1, "wave app starts"),
        10_000,
        240_000,
    )
    assert isinstance(launch, PhaseFault)
    assert (launch.id, launch.server, launch.phase, launch.outcome) == ("fault-2", "app-03", "LAUNCH", "FAILED")
    assert (launch.raw_error, launch.times) == ("InsufficientInstanceCapacity", 1)
    assert isinstance(busy, BusyFault)
    assert (busy.id, busy.server, busy.busy.from_ms, busy.busy.for_ms) == ("fault-3", "db-01", 0, 600_000)
    assert isinstance(publish, ApiFault)
    assert publish.during is not None
    assert publish.during.after == Trigger(WaveIsLaunched("data"), 1, "wave data is launched")


def test_every_expectation_is_read() -> None:
    expect = parse(FULL, Path("x.yaml")).expect
    by_state, by_call = expect.retries

    assert (expect.outcome, expect.order, expect.not_started) == (Outcome.FAILED, ("data", "app"), ("app",))
    assert {call: str(count) for call, count in expect.calls.items()} == {
        "drs:StartRecovery": "4",
        "sns:Publish": "at most 2",
        "drs:DescribeJobs": "at least 2",
    }
    assert (by_state.state, by_state.error, by_state.intervals_ms) == (
        "StartWaveRecovery",
        "ThrottlingException",
        (2_000, 4_000, 8_000),
    )
    assert (by_call.call, str(by_call.attempts)) == ("drs:StartRecovery", "at least 1")
    assert expect.response is not None
    assert (expect.response.status, expect.response.contains, expect.reason) == (202, "executionId", "app-03")
    assert [str(wanted.count) for wanted in expect.notifications] == ["1"]
    assert (expect.waves["app"].status, expect.waves["app"].within_ms) == ("FAILED", 1_200_000)


def test_single_retry_expectation_needs_no_list() -> None:
    text = SMALLEST + "  retries: {state: StartWaveRecovery, intervals: [2s]}\n"
    assert parse(text, Path("x.yaml")).expect.retries[0].intervals_ms == (2_000,)


@pytest.mark.parametrize(
    ("written", "within", "beyond"),
    [
        ("3", [3], [2, 4]),
        ('"<= 5"', [0, 5], [6]),
        ('"< 5"', [4], [5]),
        ('">=2"', [2, 99], [1]),
        ("{min: 1, max: 2}", [1, 2], [0, 3]),
    ],
)
def test_count_holds(written: str, within: list[int], beyond: list[int]) -> None:
    count = parse(SMALLEST + f"  calls: {{drs:StartRecovery: {written}}}\n", Path("x.yaml")).expect.calls[
        "drs:StartRecovery"
    ]

    assert all(count.holds(number) for number in within)
    assert not any(count.holds(number) for number in beyond)


def test_scenario_knows_where_its_parts_are_written() -> None:
    scenario = parse(SMALLEST, Path("dir/x.yaml"))

    assert scenario.where("expect", "rto") == "dir/x.yaml:9:3"
    assert scenario.where("fleet", "waves", 1, "name") == "dir/x.yaml:5:8"
    assert scenario.where("fleet", "waves", 1, "timeout") == "dir/x.yaml:5:7"
    assert scenario.where("nowhere") == "dir/x.yaml:1:1"


def test_scenario_cannot_be_changed() -> None:
    scenario = parse(SMALLEST, Path("x.yaml"))
    with pytest.raises(ValueError, match="frozen"):
        scenario.title = "Another"
    with pytest.raises(ValueError, match="frozen"):
        scenario.fleet.waves[0].timeout_ms = 1


def test_paths_in_a_scenario_start_at_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "my").mkdir()
    (tmp_path / "my/machine.asl.json").write_text("{}")
    (tmp_path / "my/code.py").write_text("")
    (tmp_path / "input.json").write_text('{"wave": 1}')
    file = tmp_path / "scenario.yaml"
    file.write_text(
        SMALLEST
        + """
system:
  stateMachine: my/machine.asl.json
  handlers: {"${WorkerArn}": my/code.py:run}
  environment: {SELF: "${StateMachineArn}", WORKER: "arn is ${WorkerArn}"}
  start: {input: input.json}
"""
    )
    system = load(file).system

    assert system.state_machine == tmp_path / "my/machine.asl.json"
    assert system.handlers["${WorkerArn}"].code == (tmp_path / "my/code.py", "run")
    assert system.start.input == {"wave": 1}
    assert system.record is None


def test_the_body_of_a_request_may_stand_in_a_json_file(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("")
    (tmp_path / "machine.json").write_text("{}")
    (tmp_path / "body.json").write_text('{"planId": "${planId}"}')
    file = tmp_path / "scenario.yaml"
    system = 'system:\n  stateMachine: machine.json\n  handlers: {"${ApiArn}": code.py:run}\n'
    start = '  start: {handler: "${ApiArn}", request: {path: /x, body: BODY}}\n'
    file.write_text(SMALLEST + system + start.replace("BODY", "body.json"))
    request = load(file).system.start.request
    assert request is not None
    assert request.body == {"planId": "${planId}"}
    file.write_text(SMALLEST + system + start.replace("BODY", "just a text"))
    request = load(file).system.start.request
    assert request is not None
    assert request.body == "just a text"


def test_latency_may_be_fixed() -> None:
    assert Latency.model_validate("4m") == Latency.model_validate({"median": "4m", "p95": "4m"})


def test_problems_come_all_at_once_in_the_order_of_the_file() -> None:
    text = SMALLEST.replace("45m", "45").replace("[app]", "[ap]").replace("outcome", "outcom")
    with pytest.raises(ScenarioError) as raised:
        parse(text, Path("x.yaml"))

    assert [str(problem) for problem in raised.value.problems] == [
        "x.yaml:6:44: no wave is named `ap` (did you mean `app`?)",
        "x.yaml:8:3: unknown key `outcom` in `expect` (did you mean `outcome`?)",
        "x.yaml:9:8: expected a duration such as 90s, 4m or 1h30m, found 45",
    ]
