"""Puts the bundled system's functions, as relays to a world, and its topic into an engine that runs such things itself.

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
import json, os, urllib.request

SIGNED = "AWS4-HMAC-SHA256 Credential=engine/20260301/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0"

def handler(event, context):
    url = f"{os.environ['WORLD']}/2015-03-31/functions/{os.environ['AWS_LAMBDA_FUNCTION_NAME']}/invocations"
    headers = {"Content-Type": "application/json", "Authorization": SIGNED}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(event).encode(), headers)) as answer:
        told = json.load(answer)
        if answer.headers.get("X-Amz-Function-Error"):
            raise type(told["errorType"], (Exception,), {})(told["errorMessage"])
        return told
"""


def main() -> None:
    engine, world = sys.argv[1:]
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("index.py", RELAY)
    functions = client("lambda", engine)
    for name in FUNCTIONS:
        functions.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Role="arn:aws:iam::123456789012:role/relay",
            Handler="index.handler",
            Code={"ZipFile": data.getvalue()},
            Timeout=600,
            Environment={"Variables": {"WORLD": world}},
        )
    client("sns", engine).create_topic(Name=TOPIC)


def client(service: str, engine: str) -> Any:
    keys = {"aws_access_key_id": "123456789012", "aws_secret_access_key": "simulated"}
    return boto3.client(service, "us-east-1", endpoint_url=engine, **keys)


if __name__ == "__main__":
    main()
