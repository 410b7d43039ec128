"""Requests that nobody would send are answered as AWS might, and the server lives."""

import pytest

from tests.server.answers import ask, wrong
from tests.server.fuzzing import MOTOS, OWN, requests
from tests.server.served import Served


@pytest.mark.parametrize(("services", "count"), [(OWN, 400), (MOTOS, 100)], ids=["own", "moto's"])
def test_no_request_gets_an_answer_that_aws_would_not_give(served: Served, services: tuple[str, ...], count: int) -> None:
    found, logged = set(), len(served.log())  # what moto tripped over in another test is in the log, too
    for request in requests(1, services, count):
        if trouble := wrong(request, ask(served.port, request)):
            found.add((request.service, request.operation, trouble))
    assert found == set()
    assert served.admin("health")["status"] == "ok"
    if services == OWN:
        assert "a bug in " not in served.log()[logged:]
