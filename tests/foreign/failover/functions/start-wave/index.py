import json
import os

import boto3

drs, functions = boto3.client("drs"), boto3.client("lambda")


class NotReady(Exception):
    pass


def handler(event, context):
    wave, *rest = event["RemainingWaves"]
    answer = functions.invoke(FunctionName=os.environ["DESCRIBE_SERVERS"], Payload=json.dumps({"Servers": wave["Servers"]}))
    states = json.load(answer["Payload"])
    lagging = sorted(server for server in wave["Servers"] if states.get(server) != "CONTINUOUS")
    if lagging:
        raise NotReady(", ".join(lagging))
    job = drs.start_recovery(
        isDrill=event["IsDrill"], sourceServers=[{"sourceServerID": server} for server in wave["Servers"]]
    )["job"]
    functions.invoke(
        FunctionName=os.environ["ANNOUNCE"],
        InvocationType="Event",
        Payload=json.dumps({"Subject": f"Wave {wave['Name']} starts", "Message": job["jobID"]}),
    )
    return {**event, "RemainingWaves": rest, "Wave": {"Name": wave["Name"], "JobId": job["jobID"], "State": "STARTED"}}
