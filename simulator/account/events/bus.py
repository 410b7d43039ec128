"""The event buses of all accounts and Regions: from an event to the targets of the rules that match it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from simulator.account import moto_services
from simulator.account.account import CALLER
from simulator.account.events import targets
from simulator.account.events.event import BusEvent
from simulator.account.events.faults import EventFault, EventFaults
from simulator.account.events.inputs import input_of
from simulator.account.events.targets import Delivery
from simulator.clock import VirtualClock
from simulator.journal import EventDelivered, EventEmitted, Journal
from simulator.rng import Chance

MAX_ATTEMPTS = 185  # retries of a delivery, and how long they may go on, unless the target says less
MAX_AGE_SECONDS = 24 * 60 * 60
MAX_PAUSE_MS = 15 * 60 * 1000
_LATENCY_SECONDS = (0.3, 1.2)  # from an event to its target: median and 95th percentile
_ARCHIVE = "Events-Archive-"  # what moto calls the rule that fills an archive
_RETRIED = ("ThrottlingException", "TooManyRequestsException", "Throttling", "RequestLimitExceeded")


class EventBuses:
    """Emits events and sees to it that they arrive."""

    def __init__(self, clock: VirtualClock, chance: Chance, journal: Journal) -> None:
        self._clock, self._chance, self._journal = clock, chance, journal
        self._faults = EventFaults(chance, journal)
        self._numbers: dict[str, int] = {}

    @property
    def faults(self) -> list[EventFault]:
        """The faults that wait for their events."""
        return self._faults.armed

    def inject(self, fault: EventFault) -> None:
        """Let events get lost or come twice."""
        self._faults.armed.append(fault)

    @property
    def are_watched(self) -> bool:
        """Whether anybody in this world may have a rule."""
        return moto_services.uses("events", "cloudformation")

    def are_heard(self, account_id: str, region: str, source: str, detail_type: str) -> bool:
        """Whether there is a rule that may match events of a kind, as far as their source and type tell."""
        backend = moto_services.existing_backend("events", account_id, region) if self.are_watched else None
        rules = backend.event_buses["default"].rules.values() if backend is not None else ()
        return any(_may_match(rule, {"source": source, "detail-type": detail_type}) for rule in rules)

    def emit(
        self,
        account_id: str,
        region: str,
        source: str,
        detail_type: str,
        resources: Sequence[str],
        detail: Mapping[str, Any],
        *,
        bus: str = "default",
        time: datetime | None = None,
    ) -> str:
        """Put an event on a bus, at once; its id. Its targets get it a little later, each in a process of its own."""
        place, now = (account_id, region), _instant(self._clock.now())
        identifier = self._new_id(f"{account_id}/{region}/{source}/{detail_type}/{','.join(resources)}")
        self._put(
            BusEvent(
                identifier,
                source,
                detail_type,
                account_id,
                region,
                place,
                bus,
                now if time is None else _instant(time),
                now,
                resources,
                detail,
            )
        )
        return identifier

    def _put(self, event: BusEvent) -> None:
        copies = self._faults.copies(event)
        self._journal.record(
            EventEmitted(
                event.id,
                event.source,
                event.detail_type,
                *event.place,
                event.bus,
                list(event.resources),
                dict(event.detail),
            )
        )
        if copies and self.are_watched:
            for rule in _rules(event):
                self._send(event, rule, copies)

    def _new_id(self, entity: str) -> str:
        number = self._numbers[entity] = self._numbers.get(entity, 0) + 1
        return self._chance.stream("event.id", f"{entity}#{number}").uuid()

    def _send(self, event: BusEvent, rule: Any, copies: int) -> None:
        message = event.message()
        if rule.name.startswith(_ARCHIVE):
            _backend(event).archives[rule.name.removeprefix(_ARCHIVE)].events.append(message)
            return
        own = {
            "aws.events.rule-arn": rule.arn,
            "aws.events.rule-name": rule.name,
            "aws.events.event.ingestion-time": event.ingested,
            "aws.events.event": {name: value for name, value in message.items() if name != "detail"},
            "aws.events.event.json": message,
        }
        for target in list(rule.targets):
            text = input_of(target, message, own)
            for number in range(1, copies + 1):
                self._clock.spawn(f"event for {rule.name}", self._delivering(event, rule, target, text, number))

    def _delivering(self, event: BusEvent, rule: Any, target: Mapping[str, Any], text: str, number: int) -> Any:
        luck = self._chance.stream("event.latency", f"{event.id}/{rule.arn}/{target['Id']}/{number}")
        latency_ms = round(luck.lognormal(*_LATENCY_SECONDS) * 1000)
        epoch_ms = round(self._clock.now().timestamp() * 1000)
        delivery = Delivery(event.id, number, rule.arn, target, text, epoch_ms)

        def run() -> None:
            self._clock.sleep_ms(latency_ms)
            CALLER.set(f"events:{rule.name}")
            is_bus = ":event-bus/" in target["Arn"]
            error, attempts = self._forward(event, str(target["Arn"])) if is_bus else self._attempt(delivery)
            self._journal.record(EventDelivered(event.id, rule.name, target["Arn"], attempts, error))

        return run

    def _forward(self, event: BusEvent, bus_arn: str) -> tuple[str | None, int]:
        """An event goes on to another bus; one that came from another bus already does not."""
        if event.is_forwarded:
            return "an event goes on to another bus only once", 1
        _, _, _, region, account_id, name = bus_arn.split(":", 5)
        self._put(replace(event, place=(account_id, region), bus=name.removeprefix("event-bus/"), is_forwarded=True))
        return None, 1

    def _attempt(self, delivery: Delivery) -> tuple[str | None, int]:
        """Deliver, again and again where that may help; (error, attempts). What fails for good goes to the dead letters."""
        policy = delivery.target.get("RetryPolicy") or {}
        most = 1 + int(policy.get("MaximumRetryAttempts", MAX_ATTEMPTS))
        until_ms = self._clock.now_ms + 1000 * int(policy.get("MaximumEventAgeInSeconds", MAX_AGE_SECONDS))
        error, attempt = None, 0
        while attempt < most:
            attempt += 1
            try:
                return None if targets.deliver(delivery) else "this kind of target is not simulated", attempt
            except ClientError as refusal:
                error = refusal
            pause_ms = min(1000 * 2 ** (attempt - 1), MAX_PAUSE_MS)
            if not _may_help(error) or self._clock.now_ms + pause_ms > until_ms:
                break
            self._clock.sleep_ms(pause_ms)
        self._bury(delivery, error)
        return str(error.response["Error"]["Code"]) if error else None, attempt

    @staticmethod
    def _bury(delivery: Delivery, error: ClientError | None) -> None:
        queue = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
        if queue is None or error is None:
            return
        told = {
            "RULE_ARN": delivery.rule_arn,
            "TARGET_ARN": str(delivery.target["Arn"]),
            "ERROR_CODE": str(error.response["Error"]["Code"]),
            "ERROR_MESSAGE": str(error.response["Error"]["Message"]) or "-",
        }
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
        targets.send_to_queue(queue, delivery.input, MessageAttributes=attributes)


def _backend(event: BusEvent) -> Any:
    return moto_services.existing_backend("events", *event.place)


def _rules(event: BusEvent) -> Iterator[Any]:
    """The rules on an event's bus that are enabled and match it. A rule with a schedule alone matches no event."""
    backend = _backend(event)
    bus = backend.event_buses.get(event.bus) if backend is not None else None
    for rule in list(bus.rules.values()) if bus is not None else ():
        if (
            rule.state == "ENABLED"
            and rule.event_pattern.get_pattern()
            and rule.event_pattern.matches_event(event.message())
        ):
            yield rule


def _may_match(rule: Any, kind: Mapping[str, str]) -> bool:
    pattern = rule.event_pattern.get_pattern()
    told = {name: wanted for name, wanted in pattern.items() if name in kind}
    return bool(rule.state == "ENABLED" and pattern and type(rule.event_pattern)(None, told).matches_event(kind))


def _may_help(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    return status >= 500 or error.response["Error"]["Code"] in _RETRIED


def _instant(moment: datetime) -> str:
    return (moment - timedelta(microseconds=moment.microsecond)).strftime("%Y-%m-%dT%H:%M:%SZ")
