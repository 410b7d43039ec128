"""Durations and instants as people read them on a clock."""


def clock_text(duration_ms: int) -> str:
    """`33:05`, or `1:02:10` from an hour on; milliseconds are cut off."""
    minutes, seconds = divmod(duration_ms // 1_000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes:02}:{seconds:02}"


def exact_clock_text(duration_ms: int) -> str:
    """As `clock_text`, with the milliseconds where there are any: `12:31.250`."""
    rest_ms = duration_ms % 1_000
    return clock_text(duration_ms) + (f".{rest_ms:03}" if rest_ms else "")
