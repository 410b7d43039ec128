"""Where messages leave SNS: our functions are invoked; what would leave the simulated account is an entry in the journal.

moto would post to web addresses for real, invoke functions of its own, and sign messages with a key that no seed determines.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from moto.moto_api._internal import mock_random

from simulator.account import moto_services
from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.journal import Journal, NotificationSent

_OUTSIDE = frozenset({"email", "email-json", "http", "https", "sms"})
_SIGNATURE_BYTES = 256


class SnsOutlets:
    """The outlets of one world. `prepare` goes before every request to SNS: moto's is loaded only if it is used."""

    def __init__(self, clock: VirtualClock, journal: Journal) -> None:
        self._clock, self._journal = clock, journal

    def prepare(self, _request: Decoded) -> None:
        """Let the messages of moto's subscriptions go our way."""
        from moto.sns.models import Subscription  # noqa: PLC0415 - it takes a tenth of a second

        usual = getattr(Subscription.publish, "usual", Subscription.publish)
        Subscription.publish = self._publishing(usual)

        def document(subscription: Any, *parts: Any, **more: Any) -> dict[str, Any]:
            return self._document(subscription, *parts, **more)

        Subscription.get_post_data = document

    def _publishing(self, usual: Callable[..., None]) -> Callable[..., None]:
        def publish(subscription: Any, message: str, message_id: str, subject: str | None = None, **more: Any) -> None:
            if subscription.protocol not in _OUTSIDE | {"lambda"}:
                usual(subscription, message, message_id, subject, **more)
            elif _is_wanted(subscription, message, more.get("message_attributes")):
                if more.get("message_structure") == "json":
                    message = subscription._parse_message_structure(message, subscription.protocol)
                self._send(subscription, message, message_id, subject, more.get("message_attributes"))

        publish.usual = usual  # type: ignore[attr-defined]
        return publish

    def _send(self, subscription: Any, message: str, message_id: str, subject: str | None, attributes: Any) -> None:
        error = None
        if subscription.protocol == "lambda":
            document = self._document(subscription, message, message_id, subject, attributes)
            error = _invoke(subscription, document)
        topic, endpoint = subscription.topic.arn, subscription.endpoint
        self._journal.record(NotificationSent(topic, subscription.protocol, endpoint, message_id, error))

    def _document(
        self, subscription: Any, message: str, message_id: str, subject: str | None, message_attributes: Any = None
    ) -> dict[str, Any]:
        """A message as subscribers get it. Its signature is of the right length and verifies nothing."""
        region, account_id = subscription.topic.arn.split(":")[3:5]
        host = f"https://sns.{region}.amazonaws.com/"
        signature = b64encode(mock_random.getrandbits(8 * _SIGNATURE_BYTES).to_bytes(_SIGNATURE_BYTES, "big")).decode()
        return {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": subscription.topic.arn,
            **({"Subject": subject} if subject else {}),
            "Message": message,
            "Timestamp": self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "SignatureVersion": "1",
            "Signature": signature,
            "SigningCertURL": f"{host}SimpleNotificationService-{account_id}.pem",
            "UnsubscribeURL": f"{host}?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
            **({"MessageAttributes": message_attributes} if message_attributes else {}),
        }


def _is_wanted(subscription: Any, message: str, attributes: Any) -> bool:
    matcher = subscription._filter_policy_matcher
    return matcher is None or bool(matcher.matches(attributes, message))


def _invoke(subscription: Any, document: dict[str, Any]) -> str | None:
    """Invoke a function as SNS does, without waiting for it; what is wrong if it cannot be."""
    renamed = {"SigningCertURL": "SigningCertUrl", "UnsubscribeURL": "UnsubscribeUrl"}
    told = {"Subject": None, "MessageAttributes": {}, **{renamed.get(name, name): value for name, value in document.items()}}
    record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription.arn, "Sns": told}
    region, account_id = subscription.endpoint.split(":")[3:5]
    payload = json.dumps({"Records": [record]}).encode()
    try:
        moto_services.client("lambda", region, account_id).invoke(
            FunctionName=subscription.endpoint, InvocationType="Event", Payload=payload
        )
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None
