"""The one line that says which scenario is running, while many do."""

from typing import TextIO

MAX_WIDTH = 70
_CLEAR = "\r\x1b[2K"


class Progress:
    """A line on `stream` that is rewritten in place; nothing unless that is a terminal and there are several runs."""

    def __init__(self, stream: TextIO, total: int) -> None:
        self._stream = stream
        self._total = total
        self._is_shown = stream.isatty() and total > 1

    def show(self, number: int, name: str) -> None:
        """Say that the `number`th run (from 1) goes on."""
        if self._is_shown:
            line = f"[{number}/{self._total}] {name}"
            self._stream.write(_CLEAR + line[:MAX_WIDTH])
            self._stream.flush()

    def clear(self) -> None:
        """Make room for other output."""
        if self._is_shown:
            self._stream.write(_CLEAR)
            self._stream.flush()
