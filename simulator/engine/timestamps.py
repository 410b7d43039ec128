"""Instants in the language: RFC 3339 in, ISO 8601 in UTC with milliseconds out."""

import re
from datetime import UTC, datetime, timedelta

_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)", re.ASCII)


def parse_timestamp(text: str) -> datetime | None:
    """The aware instant of an RFC 3339 timestamp, with microseconds; None if the text is none."""
    match = _RFC3339.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        microseconds = int((fraction or "0")[:6].ljust(6, "0"))
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), microseconds, UTC)
        return local - _offset(zone)
    except (ValueError, OverflowError):
        return None


def format_timestamp(instant: datetime) -> str:
    """An aware UTC instant as the context object writes it: `2026-03-01T02:00:00.000Z`."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset
