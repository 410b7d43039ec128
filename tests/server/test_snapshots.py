"""A world is restored from what came into it, to the same journal."""

import gzip
import json

from tests.server.served import Served
from tests.server.test_admin import drill, status

MACHINE = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 7200, "End": True}}})


def journal(served: Served) -> bytes:
    return served.http("GET", "/_drsim/journal?limit=10000")[2]


def test_a_restored_world_has_the_same_journal_and_goes_on_the_same_way(served: Served) -> None:
    job = drill(served, "db-1", "db-2")
    sfn = served.client("stepfunctions")
    arn = sfn.create_state_machine(name="m", definition=MACHINE, roleArn="arn:aws:iam::123456789012:role/r")
    execution = sfn.start_execution(stateMachineArn=arn["stateMachineArn"], name="one")["executionArn"]
    served.admin("clock/advance", {"seconds": 300})
    snapshot, before, then = served.http("GET", "/_drsim/snapshot")[2], journal(served), served.admin("clock")["nowMs"]
    served.admin("clock/advance", {"seconds": 7200})
    assert (status(served, job), sfn.describe_execution(executionArn=execution)["status"]) == ("COMPLETED", "SUCCEEDED")
    after = journal(served)

    served.admin("reset", {"seed": 5})
    code, _, text = served.http("POST", "/_drsim/restore", body=snapshot)
    assert (code, json.loads(text)["seed"]) == (200, 1)
    assert (journal(served), served.admin("clock")["nowMs"]) == (before, then)
    assert sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    served.http("POST", "/_drsim/restore", body=snapshot)
    served.admin("clock/advance", {"seconds": 7200})
    assert (status(served, job), sfn.describe_execution(executionArn=execution)["status"]) == ("COMPLETED", "SUCCEEDED")
    kept = [line for line in journal(served).splitlines() if b'"api.call"' not in line]
    assert kept == [line for line in after.splitlines() if b'"api.call"' not in line]
    assert served.http("POST", "/_drsim/restore", body=served.http("GET", "/_drsim/snapshot")[2])[0] == 200


def test_a_snapshot_whose_journal_would_be_another_is_refused(served: Served) -> None:
    drill(served, "db-1")
    snapshot = served.http("GET", "/_drsim/snapshot")[2]
    *most, end = gzip.decompress(snapshot).splitlines()
    for lines, words in [
        ([*most, end.replace(b'"digest":"', b'"digest":"0')], "the journal is another"),
        ([most[0].replace(b'"us-west-2"', b'"eu-west-1"'), *most[1:], end], "other options"),
        ([*most[:1], end], "the journal is another"),
        ([b"{}"], "not a snapshot"),
    ]:
        code, _, text = served.http("POST", "/_drsim/restore", body=gzip.compress(b"\n".join(lines) + b"\n"))
        assert (code, words in json.loads(text)["error"]) == (409, True), text
    assert served.http("POST", "/_drsim/restore", body=b"nonsense")[0] == 409
    assert served.client("drs").describe_source_servers()["items"] == []
    assert served.admin("health")["status"] == "ok"
