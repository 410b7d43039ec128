"""Nothing leaves the machine: neither a handler's connection nor a notification."""

import json
import socket
from typing import Any

import pytest

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID
from simulator.journal import LogLine, NotificationSent
from tests.account.conftest import Stage, stage

TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:t"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT_ID}:function:one"


def client(service: str) -> Any:
    return moto_services.client(service, "us-east-1", ACCOUNT_ID)


def publish(staged: Stage, *subscriptions: tuple[str, str]) -> list[NotificationSent]:
    """What becomes of a message with these subscribers, each a protocol and an address."""

    def process() -> None:
        client("sns").create_topic(Name="t")
        for protocol, endpoint in subscriptions:
            client("sns").subscribe(TopicArn=TOPIC, Protocol=protocol, Endpoint=endpoint)
        client("sns").publish(TopicArn=TOPIC, Subject="drill", Message="wave data has launched")

    staged.run(process)
    return [entry.event for entry in staged.world.journal if isinstance(entry.event, NotificationSent)]


@pytest.mark.parametrize("url", ["http://example.com/", "https://192.0.2.1/health", "http://[2001:db8::1]/"])
def test_a_handler_that_calls_the_outside_finds_no_network(staged: Stage, url: str) -> None:
    failed = staged.invoke("connect", url=url)
    assert "the simulated world has no network" in str(failed.error_message)


def test_this_machine_can_be_reached(staged: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 5) as there:
        assert there.getpeername() == server.getsockname()


def test_the_network_is_back_when_the_world_is_gone() -> None:
    before = socket.socket.connect, socket.getaddrinfo
    with stage():
        assert (socket.socket.connect, socket.getaddrinfo) != before
    assert (socket.socket.connect, socket.getaddrinfo) == before


def test_messages_to_addresses_outside_are_written_down_and_not_sent(staged: Stage) -> None:
    addresses = [("https", "https://hooks.example.com/dr"), ("email", "duty@example.com"), ("sms", "+15550100")]
    sent = publish(staged, *addresses)
    assert [(one.topic, one.protocol, one.endpoint, one.error) for one in sent] == [
        (TOPIC, protocol, endpoint, None) for protocol, endpoint in addresses
    ]


def test_a_subscribed_function_is_invoked_with_the_message(staged: Stage) -> None:
    (sent,) = publish(staged, ("lambda", FUNCTION))
    assert (sent.endpoint, sent.error) == (FUNCTION, None)
    lines = [entry.event.text for entry in staged.world.journal if isinstance(entry.event, LogLine)]
    assert '"wave data has launched"' in lines


def test_a_function_that_does_not_exist_spoils_nothing(staged: Stage) -> None:
    (sent,) = publish(staged, ("lambda", f"{FUNCTION}-gone"))
    assert sent.error == "ResourceNotFoundException"


def test_a_subscriber_that_filters_gets_only_what_it_wants(staged: Stage) -> None:
    def process() -> None:
        client("sns").create_topic(Name="t")
        filtered = {"FilterPolicy": json.dumps({"kind": ["failed"]})}
        client("sns").subscribe(TopicArn=TOPIC, Protocol="email", Endpoint="duty@example.com", Attributes=filtered)
        client("sns").publish(TopicArn=TOPIC, Message="launched")
        attribute = {"kind": {"DataType": "String", "StringValue": "failed"}}
        client("sns").publish(TopicArn=TOPIC, Message="failed", MessageAttributes=attribute)

    staged.run(process)
    assert len([entry for entry in staged.world.journal if isinstance(entry.event, NotificationSent)]) == 1


def test_a_queue_gets_the_same_message_from_the_same_seed() -> None:
    def received() -> str:
        with stage(7) as staged:

            def process() -> str:
                client("sns").create_topic(Name="t")
                queue = client("sqs").create_queue(QueueName="q")["QueueUrl"]
                arn = f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:q"
                client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
                client("sns").publish(TopicArn=TOPIC, Message="launched")
                return str(client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"])

            (body,) = staged.run(process)
            return str(body)

    first = received()
    assert first == received()
    assert json.loads(first)["Message"] == "launched"
