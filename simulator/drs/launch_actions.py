"""Launch actions as they run on an instance that was just launched, in their order, one after the other.

They wait until the SSM agent of the instance is found. Who runs them is an `ActionRunner` (an account's SSM); without one,
each takes a modelled time and succeeds.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from simulator.drs import phases
from simulator.drs.action_runner import ActionRun, Target
from simulator.drs.model import Job, Participant
from simulator.drs.settings import Distribution
from simulator.drs.state import RegionState
from simulator.journal import FaultFired

_MAX_REASON = 256
_NOT_IN_REASONS = re.compile(r"[^0-9a-zA-Z ():/.,'\-_#*;]")
# How the names of documents begin that are commands rather than automations, as far as names tell.
_COMMANDS = ("AWS-Run", "AWS-Configure", "AWS-Install", "AWS-Update", "AmazonCloudWatch-", "AWSEC2-")


def document_type(state: RegionState, document: str) -> str:
    """What kind of SSM document an action's code names."""
    known = state.action_runner and state.action_runner.document_type(state.account_id, state.name, document)
    return known or ("SSM_COMMAND" if document.startswith(_COMMANDS) else "SSM_AUTOMATION")


def begin(state: RegionState, job: Job, participant: Participant, released: Callable[[bool], None]) -> None:
    """Run the actions of a server that has launched; `released` is told when its launch is over, and whether it is good."""
    _Course(state, job, participant, released).begin()


class _Course:
    """The actions of one launch. `_released` is None once the launch is over."""

    def __init__(self, state: RegionState, job: Job, participant: Participant, released: Callable[[bool], None]) -> None:
        assert participant.instance_id is not None
        self._state, self._job, self._participant = state, job, participant
        self._released: Callable[[bool], None] | None = released
        self._actions = phases.launch_actions(participant)
        self._target = Target(state.account_id, state.name, participant.instance_id, participant.server.id, job.id)

    def begin(self) -> None:
        knobs, state = self._state.settings.launch_actions, self._state
        if not (knobs.holds_launch and any(map(_is_mandatory, self._actions))):
            self._release()
        given_up_ms = round(knobs.discovery_timeout_seconds * 1000)
        is_silent = self._hits("DISCOVERY") is not None
        found_ms = self._drawn_ms(knobs.discovery, "discovery")
        if is_silent or found_ms >= given_up_ms:
            state.clock.call_after(given_up_ms, self._give_up)
        else:
            state.clock.call_after(found_ms, self._found)

    def _found(self) -> None:
        """The agent reports: the first action can run."""
        self._participant.agent_found_ms = self._state.clock.now_ms
        if self._state.action_runner is not None:
            self._state.action_runner.discovered(self._target)
        self._run(0)

    def _run(self, place: int) -> None:
        if not any(map(_is_mandatory, self._actions[place:])):
            self._release()
        if place == len(self._actions):
            return
        state, action = self._state, self._actions[place]
        key = f"{self._job.key}/{self._participant.server.id}/{action['actionId']}"
        run = ActionRun(state.chance.stream("drs.action", key).uuid(), action)
        self._participant.runs.append(run)
        ended = partial(self._end, run, place)
        reason = self._hits(action["actionCode"], action["name"])
        if state.action_runner is not None and reason is None:
            state.action_runner.run(self._target, action, ended)
        else:
            takes_ms = self._drawn_ms(state.settings.launch_actions.run, action["actionId"])
            state.clock.call_after(takes_ms, partial(ended, reason))

    def _end(self, run: ActionRun, place: int, reason: str | None) -> None:
        if run.status != "IN_PROGRESS":
            return
        run.status = "SUCCEEDED" if reason is None else "FAILED"
        run.failure = None if reason is None else _NOT_IN_REASONS.sub(" ", reason)[:_MAX_REASON]
        if reason is not None and _is_mandatory(run.action) and self._released is not None:
            self._release(f"Launch action {run.action['name']} failed: {reason}")
        else:
            self._run(place + 1)

    def _give_up(self) -> None:
        """The agent was not found in time: what had to run has failed."""
        self._release("The SSM agent was not found on the launched instance")

    def _release(self, why_not: str | None = None) -> None:
        """The launch is over, unless it is already."""
        released, self._released = self._released, None
        if released is None or self._participant.launch_status not in ("PENDING", "IN_PROGRESS"):
            return
        if why_not is None:
            self._state.set_launch_status(self._job, self._participant, "LAUNCHED")
        else:
            phases.give_up(self._state, self._job, self._participant, "LAUNCH_FAILED", why_not)
        released(why_not is None)

    def _hits(self, *names: str) -> str | None:
        """Why something fails that somebody asked to fail."""
        server = self._participant.server
        fault = self._state.action_faults.take(server.id, names)
        if fault is None:
            return None
        self._state.journal.record(FaultFired(fault.id, server.name, f"launch action {names[0]}"))
        return fault.reason

    def _drawn_ms(self, latency: Distribution, what: str) -> int:
        key = f"{self._job.key}/{self._participant.server.id}/{what}"
        luck = 0.0 if latency.is_constant else self._state.luck("drs.launch_action", key)
        return round(latency.at(luck) * 1000)


def _is_mandatory(action: Mapping[str, Any]) -> bool:
    return not action["optional"]
