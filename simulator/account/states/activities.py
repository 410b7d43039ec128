"""Activities, their workers, and the answers to task tokens."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from simulator.account.states.machines import check_name
from simulator.account.states.records import Activity, page, tags_of
from simulator.engine.failures import TokenError
from simulator.engine.tokens import TaskTokens
from simulator.errors import ServiceError

Answer = Mapping[str, Any]


class Activities:
    """The activities of one account and Region, and every open task token."""

    def __init__(self, tokens: TaskTokens, prefix: str, now: Callable[[], float]) -> None:
        self._tokens, self._prefix, self._now = tokens, prefix, now
        self.by_arn: dict[str, Activity] = {}
        tokens.has_activity = self.by_arn.__contains__

    def create(self, asked: Answer) -> Answer:
        """CreateActivity; creating one that is there is no error."""
        check_name(asked["name"])
        arn = f"{self._prefix}:activity:{asked['name']}"
        if arn not in self.by_arn:
            self.by_arn[arn] = Activity(arn, asked["name"], self._now(), tags_of(asked.get("tags")))
        return {"activityArn": arn, "creationDate": self.by_arn[arn].created_at}

    def describe(self, asked: Answer) -> Answer:
        """DescribeActivity."""
        return self._shown(self._get(asked["activityArn"]))

    def list_activities(self, asked: Answer) -> Answer:
        """ListActivities, in the order of names."""
        rows = [self._shown(activity) for activity in sorted(self.by_arn.values(), key=lambda activity: activity.name)]
        return page("activities", rows, asked)

    def delete(self, asked: Answer) -> Answer:
        """DeleteActivity; deleting what is not there is no error."""
        self.by_arn.pop(asked["activityArn"], None)
        return {}

    def take_task(self, asked: Answer) -> Answer:
        """GetActivityTask: waits up to a minute for a task; without one the answer is empty."""
        activity = self._get(asked["activityArn"])
        taken = self._tokens.take(activity.arn, asked.get("workerName"))
        return {} if taken is None else {"taskToken": taken[0], "input": taken[1]}

    def send_success(self, asked: Answer) -> Answer:
        """SendTaskSuccess."""
        require_json(asked["output"], "InvalidOutput")
        return _token(lambda: self._tokens.succeed(asked["taskToken"], asked["output"]))

    def send_failure(self, asked: Answer) -> Answer:
        """SendTaskFailure."""
        return _token(lambda: self._tokens.fail(asked["taskToken"], asked.get("error"), asked.get("cause")))

    def send_heartbeat(self, asked: Answer) -> Answer:
        """SendTaskHeartbeat."""
        return _token(lambda: self._tokens.heartbeat(asked["taskToken"]))

    def _get(self, arn: str) -> Activity:
        if arn not in self.by_arn:
            raise ServiceError("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
        return self.by_arn[arn]

    @staticmethod
    def _shown(activity: Activity) -> dict[str, Any]:
        return {"activityArn": activity.arn, "name": activity.name, "creationDate": activity.created_at}


def require_json(text: str, code: str) -> None:
    """Raises the error `code` for a text that is not JSON."""
    try:
        json.loads(text)
    except ValueError as error:
        raise ServiceError(code, f"{code}: '{error}'") from error


def _token(action: Callable[[], object]) -> Answer:
    try:
        action()
    except TokenError as error:
        raise ServiceError(type(error).__name__, str(error)) from error
    return {}
