"""What libraries keep per process: a sandbox has its own, however many of them run at the same time."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.account import gateway, moto_services
from simulator.account.functions import Function
from simulator.account.gateway import HttpRequest, Route
from simulator.account.sandbox import Code
from simulator.account.world import ACCOUNT_ID
from tests.account.conftest import FUNCTIONS, Stage, stage


@pytest.fixture(name="staged")
def _staged() -> Iterator[Stage]:
    with stage() as staged:
        staged.world.functions.deploy(Function("slow", Code(FUNCTIONS / "powertools/index.py", "handler")))
        moto_services.client("ssm", "us-east-1", ACCOUNT_ID).put_parameter(Name="/mode", Value="drill", Type="String")
        yield staged


def ask(staged: Stage, who: str, seconds: int) -> Any:
    request = HttpRequest("GET", "/slow", f"who={who}&seconds={seconds}")
    event = gateway.event(Route("slow", "/slow"), request, ACCOUNT_ID, 0)
    return json.loads(staged.world.functions.invoke("slow", event).payload["body"])  # type: ignore[index,call-overload,arg-type]


def test_requests_at_the_same_time_see_their_own_event_and_metrics(staged: Stage) -> None:
    answers = staged.run(lambda: ask(staged, "first", 2), lambda: ask(staged, "second", 0), lambda: ask(staged, "third", 1))
    assert [(answer["who"], answer["metrics"]) for answer in answers] == [
        ("first", ["first"]),
        ("second", ["second"]),
        ("third", ["third"]),
    ]


@pytest.mark.parametrize("mode", ["drill", "recovery"])
def test_clients_of_parameters_belong_to_their_world(staged: Stage, mode: str) -> None:
    parameter = {"Name": "/mode", "Value": mode, "Type": "String", "Overwrite": True}
    moto_services.client("ssm", "us-east-1", ACCOUNT_ID).put_parameter(**parameter)
    (answer,) = staged.run(lambda: ask(staged, "first", 0))
    assert answer["parameter"] == mode
