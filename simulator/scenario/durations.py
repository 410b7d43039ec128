"""Durations as people write them (`90s`, `4m`, `1h30m`) and as the simulator counts them: whole milliseconds."""

import re

EXAMPLES = "90s, 4m or 1h30m"
MAX_MS = 366 * 86_400_000
_UNIT_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_PATTERN = re.compile("".join(f"(?:([0-9]{{1,15}}){unit})?" for unit in _UNIT_MS))


def parse_duration_ms(text: str) -> int:
    """The milliseconds in a duration: whole numbers with the units d, h, m, s and ms, each at most once, largest first.

    Raises ValueError, with a sentence for the person who wrote it, for anything else and for more than 366 days.
    """
    match = _PATTERN.fullmatch(text)
    if not match or not text:
        raise ValueError(f"expected a duration such as {EXAMPLES}")
    total_ms = sum(int(count or 0) * unit_ms for count, unit_ms in zip(match.groups(), _UNIT_MS.values(), strict=True))
    if total_ms > MAX_MS:
        raise ValueError("expected a duration of at most 366d")
    return total_ms


def format_duration(duration_ms: int) -> str:
    """The shortest text that `parse_duration_ms` reads back as `duration_ms` (>= 0): `1h30m`, `250ms`, `0s`."""
    parts, rest_ms = [], duration_ms
    for unit, unit_ms in _UNIT_MS.items():
        count, rest_ms = divmod(rest_ms, unit_ms)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
