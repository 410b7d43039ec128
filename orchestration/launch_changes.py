"""The record of a wave whose launch configuration is being applied: pure changes."""

from collections.abc import Mapping
from datetime import datetime

from orchestration.record import (
    Record,
    must_be_open,
    must_not_be_cancelled,
    shortened,
    wave_ended,
    wave_of,
    with_wave,
    without,
)
from orchestration.waves import CONFIGURING, FAILED, PENDING


def wave_configuring(record: Record, name: str) -> Record:
    """A wave whose launch configuration is being applied; servers that failed at it before are tried again.

    Raises ExecutionEnded, ExecutionCancelled.
    """
    must_be_open(record)
    wave = wave_of(record, name)
    if wave["status"] == CONFIGURING:
        return record
    must_not_be_cancelled(record, name)
    cleared = without(record, name, "endedAt", "error")
    waves = [_untried(one) if one["name"] == name else one for one in cleared["waves"]]
    return with_wave(cleared | {"waves": waves}, name, {"status": CONFIGURING}, {})


def _untried(wave: Record) -> Record:
    """A wave whose servers that could not be configured are as if nobody had tried."""
    tried = ("isConfigured", "reason")
    servers = [
        {key: value for key, value in one.items() if key not in tried} if one.get("isConfigured") is False else one
        for one in wave["servers"]
    ]
    return wave | {"servers": servers}


def wave_configured(record: Record, name: str, servers: Mapping[str, Record]) -> Record:
    """A wave of which some servers' launch configuration was read, changed or refused to change."""
    return with_wave(record, name, {}, shortened(record, servers))


def wave_not_configured(record: Record, name: str, now: datetime) -> Record:
    """A wave that has failed as some servers' launch configuration could not be applied. It counts as an attempt."""
    wave = wave_of(record, name)
    failed = {one["sourceServerId"]: {"launchStatus": FAILED} for one in wave["servers"] if not one["isConfigured"]}
    tried = with_wave(record, name, {"attempt": wave.get("attempt", 0) + 1, "status": PENDING}, {})
    return wave_ended(tried, name, failed, now, is_timed_out=False)
