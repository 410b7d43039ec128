"""Puts the bundled system's functions and its topic, as relays to a world, into an engine that runs such things itself.

python tests/targets/relays.py ENGINE_URL WORLD_URL
"""

import io
import sys
import zipfile
from typing import Any

import boto3

FUNCTIONS = ("ApiFunction", "OrchestrationFunction", "EventsFunction")
TOPIC = "NotificationTopic"
RELAY = """\
#!{python}
import json, os, urllib.request

SIGNED = "AWS4-HMAC-SHA256 Credential=engine/20260301/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
RUNTIME = f"http://{{os.environ['AWS_LAMBDA_RUNTIME_API']}}/2018-06-01/runtime/invocation"
WORLD = f"{{os.environ['WORLD']}}/2015-03-31/functions/{{os.environ['AWS_LAMBDA_FUNCTION_NAME']}}/invocations"

while True:
    with urllib.request.urlopen(f"{{RUNTIME}}/next") as answer:
        number, event = answer.headers["Lambda-Runtime-Aws-Request-Id"], answer.read()
    headers = {{"Content-Type": "application/json", "Authorization": SIGNED}}
    with urllib.request.urlopen(urllib.request.Request(WORLD, event, headers)) as answer:
        told, failed = answer.read(), answer.headers.get("X-Amz-Function-Error")
    headers = {{"Lambda-Runtime-Function-Error-Type": json.loads(told)["errorType"]}} if failed else {{}}
    end = "error" if failed else "response"
    urllib.request.urlopen(urllib.request.Request(f"{{RUNTIME}}/{{number}}/{{end}}", told, headers)).close()
"""


HERALD = """\
import os, urllib.parse, urllib.request

SIGNED = "AWS4-HMAC-SHA256 Credential=engine/20260301/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=0"

def handler(event, context):
    for told in (record["Sns"] for record in event["Records"]):
        asked = {"Action": "Publish", **{name: told[name] for name in ("TopicArn", "Subject", "Message") if told.get(name)}}
        body = urllib.parse.urlencode(asked).encode()
        urllib.request.urlopen(urllib.request.Request(os.environ["WORLD"], body, {"Authorization": SIGNED})).close()
"""


def main() -> None:
    engine, world = sys.argv[1:]
    functions, topics = client("lambda", engine), client("sns", engine)
    for name in FUNCTIONS:
        # The engine's own Python gives every error one name, by which nothing is retried; a runtime of one's own names them.
        create(functions, name, world, "provided.al2023", "bootstrap", RELAY.format(python=sys.executable))
    herald = create(functions, "Herald", world, "python3.11", "index.py", HERALD)
    functions.invoke(FunctionName=herald, Payload=b'{"Records": []}')  # warm: its first start takes longer than a run's end
    topic = topics.create_topic(Name=TOPIC)["TopicArn"]
    topics.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=herald)


def create(functions: Any, name: str, world: str, runtime: str, file: str, code: str) -> str:
    """A function of one file; its ARN."""
    data, member = io.BytesIO(), zipfile.ZipInfo(file)
    member.external_attr = 0o755 << 16
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(member, code)
    made = functions.create_function(
        FunctionName=name,
        Runtime=runtime,
        Role="arn:aws:iam::123456789012:role/relay",
        Handler="index.handler",
        Code={"ZipFile": data.getvalue()},
        Timeout=600,
        Environment={"Variables": {"WORLD": world}},
    )
    return str(made["FunctionArn"])


def client(service: str, engine: str) -> Any:
    keys = {"aws_access_key_id": "123456789012", "aws_secret_access_key": "simulated"}
    return boto3.client(service, "us-east-1", endpoint_url=engine, **keys)


if __name__ == "__main__":
    main()
