"""The history has the shape that the service's own model gives it."""

import botocore.session
import pytest

from simulator.engine.history import details_name
from tests.engine.world import World, failing, machine, task

SERVICE = botocore.session.get_session().get_service_model("stepfunctions")


@pytest.mark.parametrize("kind", SERVICE.shape_for("HistoryEventType").enum)
def test_each_type_of_event_has_the_details_of_the_model(kind: str) -> None:
    members = SERVICE.shape_for("HistoryEvent").members
    name = details_name(kind)
    assert name in members if name else f"{kind[0].lower()}{kind[1:]}EventDetails" not in members


def test_every_member_that_is_written_is_one_of_the_model() -> None:
    world = World({"Call": failing("Busy", "c", times=1, then=1)})
    branch = machine(Each={"Type": "Map", "ItemProcessor": machine(Keep={"Type": "Pass", "Assign": {"v.$": "$"}})})
    world.run(
        machine(
            Call=task(Retry=[{"ErrorEquals": ["Busy"]}], TimeoutSeconds=9, ResultSelector={"list": [1, 2]}),
            Both={"Type": "Parallel", "Branches": [branch], "InputPath": "$.list"},
        )
    )
    members = SERVICE.shape_for("HistoryEvent").members
    for event in world.events():
        assert set(event) <= set(members)
        name = details_name(event["type"])
        if name:
            assert set(event[name]) <= set(members[name].members)
