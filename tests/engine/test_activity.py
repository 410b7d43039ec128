"""Activities: tasks that wait for a worker."""

import json

from tests.engine.world import ACCOUNT, World, machine, output

ACTIVITY = f"arn:aws:states:us-east-1:{ACCOUNT}:activity:approve"


def test_a_worker_takes_a_task_and_answers_it() -> None:
    world = World()
    taken: list[str] = []

    def work() -> None:
        answer = world.tokens.take(ACTIVITY, "worker-1")
        assert answer is not None
        token, text = answer
        taken.append(text)
        world.clock.sleep_ms(5_000)
        world.tokens.succeed(token, json.dumps("approved"))

    world.clock.spawn("worker", work)
    execution = world.run(machine(Approve={"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 60}), {"plan": 1})
    assert (output(execution), taken) == ("approved", ['{"plan":1}'])
    assert world.types()[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert world.details("ActivityStarted") == [{"workerName": "worker-1"}]
    assert world.times("ActivitySucceeded") == [5]


def test_heartbeats_count_from_when_a_worker_took_the_task() -> None:
    world = World()

    def work() -> None:
        world.clock.sleep_ms(20_000)
        world.tokens.take(ACTIVITY)

    world.clock.spawn("worker", work)
    execution = world.run(machine(Approve={"Type": "Task", "Resource": ACTIVITY, "HeartbeatSeconds": 10}))
    assert execution.error == "States.Timeout"
    assert world.times("ActivityTimedOut") == [30]


def test_a_worker_who_waits_in_vain_gets_nothing() -> None:
    world = World()
    got: list[object] = []
    world.clock.spawn("worker", lambda: got.append(world.tokens.take(ACTIVITY)))
    world.clock.run()
    assert (got, world.clock.now_ms) == ([None], 60_000)


def test_a_task_that_timed_out_is_not_handed_out() -> None:
    world = World()
    world.run(machine(Approve={"Type": "Task", "Resource": ACTIVITY, "TimeoutSeconds": 10}))
    got: list[object] = []
    world.clock.spawn("worker", lambda: got.append(world.tokens.take(ACTIVITY, wait_ms=0)))
    world.clock.run()
    assert got == [None]


def test_an_activity_that_does_not_exist_fails_the_execution() -> None:
    world = World()
    world.tokens.has_activity = lambda arn: False
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    state = {"Type": "Task", "Resource": ACTIVITY, "Catch": catch, "End": True}
    execution = world.run(machine(Approve=state, Caught={"Type": "Pass"}))
    assert (execution.error, execution.cause) == ("States.Runtime", f"The activity {ACTIVITY} does not exist.")
    assert world.types()[2:] == ["ExecutionFailed"]
