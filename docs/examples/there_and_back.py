"""A fleet's whole way: drill, clean-up, recovery, reversed replication, failback, protection again. boto3, and nothing else.

    drsim serve --port 4566 --speed 3600 --fleet db=2 --region us-west-2 --origin us-east-1
    AWS_ENDPOINT_URL=http://127.0.0.1:4566 python docs/examples/there_and_back.py

The servers run in us-east-1 and are protected in us-west-2. Against AWS itself the program would take some three hours.
"""

import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

HOME, REFUGE = "us-east-1", "us-west-2"
POLL_SECONDS = float(os.environ.get("POLL_SECONDS", "0.1"))
"""Between two looks; minutes would do for AWS."""
MOST_POLLS = 10_000


def drs(region: str) -> Any:
    return boto3.client("drs", region_name=region, aws_access_key_id="test", aws_secret_access_key="test")


def items(client: Any, operation: str, **request: Any) -> list[Any]:
    pages = client.get_paginator(operation).paginate(**request)
    return [item for page in pages for item in page["items"]]


def until(what: str, holds: Callable[[], bool]) -> None:
    for _ in range(MOST_POLLS):
        if holds():
            return
        time.sleep(POLL_SECONDS)
    raise TimeoutError(what)


def finished(client: Any, job: dict[str, Any]) -> dict[str, Any]:
    """The job, once it has ended. Only LAUNCHED is a success: a job is COMPLETED whatever became of its servers."""

    def found() -> dict[str, Any]:
        return items(client, "describe_jobs", filters={"jobIDs": [job["jobID"]]})[0]

    until(f"the end of {job['jobID']}", lambda: found()["status"] == "COMPLETED")
    ended = found()
    took = datetime.fromisoformat(ended["endDateTime"]) - datetime.fromisoformat(ended["creationDateTime"])
    statuses = [server["launchStatus"] for server in ended["participatingServers"]]
    print(f"  {ended['jobID']} {ended['initiatedBy']} took {took.seconds // 60} min", *statuses)
    return ended


def recover(client: Any, servers: Sequence[str], is_drill: bool) -> list[Any]:
    """Recover servers; their recovery instances."""
    asked = [{"sourceServerID": server} for server in servers]
    job = finished(client, client.start_recovery(sourceServers=asked, isDrill=is_drill)["job"])
    assert all(server["launchStatus"] == "LAUNCHED" for server in job["participatingServers"])
    found = items(client, "describe_recovery_instances", filters={"sourceServerIDs": list(servers)})
    for instance in found:
        print(f"  {instance['sourceServerID']} → {instance['ec2InstanceID']} {instance['ec2InstanceState']}")
    return found


def terminate(client: Any, instances: Sequence[Any]) -> None:
    ids = [instance["recoveryInstanceID"] for instance in instances]
    finished(client, client.terminate_recovery_instances(recoveryInstanceIDs=ids)["job"])


def reverse(client: Any, instance: Any) -> str:
    """Replicate a recovery instance the other way, once its agent is ready for that; the id of the new source server."""
    for _ in range(MOST_POLLS):
        try:
            answer = client.reverse_replication(recoveryInstanceID=instance["recoveryInstanceID"])
        except client.exceptions.ConflictException:
            time.sleep(POLL_SECONDS)
        else:
            return str(answer["reversedDirectionSourceServerArn"]).rpartition("/")[2]
    raise TimeoutError("the recovery instance's agent")


def protected(client: Any, servers: Sequence[str]) -> bool:
    found = items(client, "describe_source_servers", filters={"sourceServerIDs": list(servers)})
    return len(found) == len(servers) and all(
        server["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS" for server in found
    )


def main() -> None:
    home, refuge = drs(HOME), drs(REFUGE)
    servers = [server["sourceServerID"] for server in items(refuge, "describe_source_servers", filters={})]
    print(f"1. drill of {len(servers)} servers in {REFUGE}")
    drilled = recover(refuge, servers, is_drill=True)

    print("2. clean-up")
    terminate(refuge, drilled)
    until("no instances", lambda: not items(refuge, "describe_recovery_instances", filters={}))

    print(f"3. recovery in {REFUGE}")
    recovered = recover(refuge, servers, is_drill=False)

    print(f"4. reversed replication, to {HOME}")
    back = [reverse(refuge, instance) for instance in recovered]
    until("reversed replication", lambda: protected(home, back))
    print(f"  {', '.join(back)}: CONTINUOUS")
    try:
        terminate(refuge, recovered)
    except ClientError as error:
        print(f"  terminating them now: {error.response['Error']['Message']}")

    print(f"5. failback to {HOME}")
    returned = recover(home, back, is_drill=False)
    until("the end of the failback", lambda: failback_states(refuge) == {"FAILBACK_COMPLETED"})

    print(f"6. protection again, in {REFUGE}")
    for instance in returned:
        reverse(home, instance)
    until("protection", lambda: protected(refuge, servers))
    print(f"  {', '.join(servers)}: CONTINUOUS")

    print(f"7. clean-up of what ran in {REFUGE}")
    for server in back:
        home.stop_replication(sourceServerID=server)
    for instance in recovered:
        refuge.stop_failback(recoveryInstanceID=instance["recoveryInstanceID"])
    terminate(refuge, recovered)


def failback_states(client: Any) -> set[str]:
    return {instance["failback"]["state"] for instance in items(client, "describe_recovery_instances", filters={})}


if __name__ == "__main__":
    main()
