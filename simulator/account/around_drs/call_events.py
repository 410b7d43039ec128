"""The events that tell of calls which change something in DRS, where CloudTrail logs them and somebody has a rule for it."""

from collections.abc import Callable, Mapping
from typing import Any

from simulator.account import moto_services
from simulator.account.events.bus import EventBuses
from simulator.account.identity import Sts
from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.drs.operations.table import OPERATIONS
from simulator.errors import ServiceError
from simulator.rng import Chance

SOURCE, DETAIL_TYPE = "aws.drs", "AWS API Call via CloudTrail"
_EVENT_SOURCE, _VERSION = "drs.amazonaws.com", "1.11"

Answer = Mapping[str, Any]


class CallEvents:
    """Emits what CloudTrail tells EventBridge of calls of DRS. Calls that only read are not told, as in AWS by default."""

    def __init__(self, clock: VirtualClock, chance: Chance, buses: EventBuses, sts: Sts) -> None:
        self._clock, self._chance, self._buses, self._sts = clock, chance, buses, sts
        self._told = 0

    def watched(self, request: Decoded, ask: Callable[[Decoded], Answer]) -> Answer:
        """The answer to a request, whose call is told of. Raises ServiceError where `ask` does."""
        if OPERATIONS[request.operation].kind == "read" or not self._is_told(request):
            return ask(request)
        try:
            answer = ask(request)
        except ServiceError as error:
            self._tell(request, {"errorCode": error.code, "errorMessage": error.message, "responseElements": None})
            raise
        self._tell(request, {"responseElements": dict(answer) or None})
        return answer

    def _is_told(self, request: Decoded) -> bool:
        place = request.account_id, request.region
        return self._buses.are_heard(*place, SOURCE, DETAIL_TYPE) and _is_logged(*place)

    def _tell(self, request: Decoded, outcome: Mapping[str, Any]) -> None:
        self._told += 1
        draws = self._chance.stream("cloudtrail", f"{request.account_id}/{request.region}#{self._told}")
        detail = {
            "eventVersion": _VERSION,
            "userIdentity": {
                "type": "AssumedRole",
                "arn": self._sts.arn_of(request),
                "accountId": request.account_id,
                "accessKeyId": request.access_key,
            },
            "eventTime": self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": _EVENT_SOURCE,
            "eventName": request.operation,
            "awsRegion": request.region,
            "sourceIPAddress": "192.0.2.1",
            "userAgent": "drsim",
            "requestParameters": dict(request.parameters) or None,
            "requestID": draws.uuid(),
            "eventID": draws.uuid(),
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": request.account_id,
            "eventCategory": "Management",
            **outcome,
        }
        self._buses.emit(request.account_id, request.region, SOURCE, DETAIL_TYPE, [], detail)


def _is_logged(account_id: str, region: str) -> bool:
    """Whether a trail of the account logs what is called in a Region: one of that Region, or one of all Regions."""
    if not moto_services.uses("cloudtrail", "cloudformation"):
        return False
    places = moto_services.existing_backends("cloudtrail", account_id)
    trails = [trail for backend in places for trail in backend.trails.values()]
    return any(trail.status.is_logging and (trail.is_multi_region or trail.region_name == region) for trail in trails)
