"""Launch configuration, applied before a wave's recovery starts: server after server, as fast as DRS takes requests.

DRS takes few changes a second, so that a wave of a hundred servers outlasts an invocation. Each does what it has time for
and records it; the state machine asks again until all is done. What was there before is recorded before anything changes.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from orchestration import launch_changes, launch_settings, places, record, store, turns
from orchestration.clients import TRANSIENT, error_code
from orchestration.logs import logger
from orchestration.record import Record
from orchestration.waves import CONFIGURING, NOT_STARTED, PREPARING, RETRYING

Event = Mapping[str, Any]
CONFIGURED = "CONFIGURED"
MAX_TIME = timedelta(seconds=25)  # of an invocation; its last call may still need some retries of the SDK
_BUSY = TRANSIENT | {"ConflictException"}  # the last one: a job has the server


def configure_wave(event: Event) -> Record:
    """Apply a wave's launch configuration to its servers: CONFIGURING if some are left, CONFIGURED if none is.

    Any other status is the wave's own: some servers could not be configured, and the wave has failed with their reasons.
    """
    execution_id, name = event["executionId"], event["wave"]
    execution = store.load(execution_id)
    wave = record.wave_of(execution, name)
    if "launchConfiguration" not in wave or wave["status"] not in (NOT_STARTED, PREPARING, CONFIGURING, RETRYING):
        return {"status": CONFIGURED}
    begun = partial(launch_changes.wave_configuring, name=name)
    execution = store.update_wave(execution_id, name, begun, execution)
    found, error = _some(record.wave_of(execution, name), datetime.now(UTC) + MAX_TIME)
    configured = partial(launch_changes.wave_configured, name=name, servers=found)
    execution = store.update_wave(execution_id, name, configured, execution)
    if error is not None and not found:
        raise error
    wave = record.wave_of(execution, name)
    if any("isConfigured" not in server for server in wave["servers"]):
        return {"status": CONFIGURING}
    if all(server["isConfigured"] for server in wave["servers"]):
        return {"status": CONFIGURED}
    execution = store.update_wave(
        execution_id, name, partial(launch_changes.wave_not_configured, name=name, now=datetime.now(UTC)), execution
    )
    turns.tell(execution_id)
    return {"status": record.wave_of(execution, name)["status"]}


def _some(wave: Record, until: datetime) -> tuple[dict[str, Record], Exception | None]:
    """What was found out or changed for some servers until a time, and the passing error that ended it, if one did."""
    found: dict[str, Record] = {}
    unread = [one for one in wave["servers"] if "launchSettingsBefore" not in one and "isConfigured" not in one]
    step: Callable[[Record, Record], Record] = _read if unread else _apply
    for server in unread or [one for one in wave["servers"] if "isConfigured" not in one]:
        if datetime.now(UTC) >= until:
            break
        try:
            found[server["sourceServerId"]] = step(wave, server)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) in _BUSY:
                return found, error
            found[server["sourceServerId"]] = _failed(error)
    return found, None


def _read(wave: Record, server: Record) -> Record:
    before = launch_settings.read(places.recorded(wave), server["sourceServerId"], wave["launchConfiguration"])
    return {"launchSettingsBefore": before}


def _apply(wave: Record, server: Record) -> Record:
    changed = {name: wave["launchConfiguration"][name] for name in server["launchSettingsBefore"]}
    if changed:
        launch_settings.apply(places.recorded(wave), server["sourceServerId"], changed)
    return {"isConfigured": True}


def _failed(error: ClientError | BotoCoreError) -> Record:
    logger.warning("a launch configuration cannot be applied", error=str(error))
    return {"isConfigured": False, "reason": f"its launch configuration: {error}"}
