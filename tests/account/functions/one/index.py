"""A handler for the tests of the Lambda runtime: does what its event says."""

import json
import logging
import os
import random
import sys
import time
import urllib.request
import uuid
from datetime import UTC, datetime

import boto3
from helper import WHO

table = boto3.client("dynamodb")
invocations = 0
print("loaded at", datetime.now(UTC).isoformat())


def handler(event, context):
    global invocations
    invocations += 1
    return ACTIONS[event.get("do", "remember")](event, context)


def write(event, context):
    table.put_item(TableName="records", Item={"id": {"S": event["id"]}})
    return {"at": datetime.now(UTC).isoformat()}


def describe(event, context):
    return {
        "who": WHO,
        "invocations": invocations,
        "mode": os.environ["MODE"],
        "region": os.environ["AWS_REGION"],
        "remaining_ms": context.get_remaining_time_in_millis(),
        "name": context.function_name,
    }


def sleep(event, context):
    started = time.time()
    time.sleep(event["seconds"])
    return {"slept": round(time.time() - started, 3), "monotonic": time.monotonic() > 0}


def draw(event, context):
    return {"random": random.random(), "uuid": str(uuid.uuid4()), "hex": os.urandom(4).hex(), "uuid1": str(uuid.uuid1())}


def talk(event, context):
    print("one line")
    sys.stderr.write("half ")
    logging.getLogger("some.library").warning("careful: %s", event["id"])
    print("the end", end="")


def connect(event, context):
    with urllib.request.urlopen(event["url"], timeout=5) as answer:
        return answer.status


def remember(event, context):
    print(json.dumps(event["Records"][0]["Sns"]["Message"]))


def fail(event, context):
    raise KeyError(event["id"])


def leave(event, context):
    sys.exit(1)


def stubborn(event, context):
    while True:
        try:
            time.sleep(3600)
        except Exception:
            continue


def unmarshallable(event, context):
    return {"set": {1, 2}}


def call_other(event, context):
    answer = boto3.client("lambda").invoke(FunctionName="two", Payload=json.dumps({"n": 20}))
    return {"status": answer["StatusCode"], "payload": json.loads(answer["Payload"].read())}


def set_environment(event, context):
    os.environ["MODE"] = "changed"


ACTIONS = {
    "write": write, "describe": describe, "sleep": sleep, "draw": draw, "talk": talk, "fail": fail, "leave": leave,
    "stubborn": stubborn, "unmarshallable": unmarshallable, "call other": call_other, "set environment": set_environment,
    "connect": connect, "remember": remember,
}  # fmt: skip
