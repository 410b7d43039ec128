"""A journal's entries in a file: a served world may live for days, and all that happens in it is kept."""

import os
from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, overload

from simulator.errors import Problem, UserError
from simulator.journal import Entry, entry_in, line_of
from simulator.server.following import Growth

RECENT = 2_000  # so many entries are in memory too; most of what is asked for is among them


class Spill:
    """Entries as lines of a file, the newest of them in memory as well. A number of eight bytes is all that stays of others.

    `digest` is that of the file's bytes so far. Not thread-safe: it belongs to the world's thread; `growth` is for others.
    """

    def __init__(self, path: Path | None) -> None:
        """With a path the file is there when the world has gone. Raises UserError for one that cannot be written."""
        self._file = _opened(path)
        self._offsets = array("Q", [0])
        self.growth = Growth(self._file, self._offsets)
        self._recent: deque[Entry] = deque(maxlen=RECENT)
        self.digest = sha256()

    def append(self, entry: Entry, /) -> None:
        """Keep one more."""
        data = line_of(entry).encode()
        self._file.write(data)
        self._offsets.append(self._offsets[-1] + len(data))
        self.digest.update(data)
        self._recent.append(entry)
        self.growth.grown()

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __iter__(self) -> Iterator[Entry]:
        for first in range(0, len(self), RECENT):
            yield from self[first : first + RECENT]

    @overload
    def __getitem__(self, index: int, /) -> Entry: ...
    @overload
    def __getitem__(self, index: slice, /) -> Sequence[Entry]: ...
    def __getitem__(self, index: int | slice, /) -> Entry | Sequence[Entry]:
        if isinstance(index, slice):
            return self._between(*index.indices(len(self))[:2])
        number = range(len(self))[index]
        first_recent = len(self) - len(self._recent)
        return self._recent[number - first_recent] if number >= first_recent else self._read(number, number + 1)[0]

    def close(self) -> None:
        """Write what is left to write."""
        self.growth.close()

    def _between(self, first: int, end: int) -> list[Entry]:
        first_recent = len(self) - len(self._recent)
        old = self._read(first, min(end, first_recent)) if first < first_recent else []
        return [*old, *islice(self._recent, max(0, first - first_recent), max(0, end - first_recent))]

    def _read(self, first: int, end: int) -> list[Entry]:
        if first >= end:
            return []
        self._file.flush()
        start = self._offsets[first]
        data = os.pread(self._file.fileno(), self._offsets[end] - start, start)
        return [entry_in(line) for line in data.split(b"\n") if line]


def _opened(path: Path | None) -> IO[bytes]:
    if path is None:
        return TemporaryFile(prefix="drsim-journal-")
    try:
        if path.is_file():
            path.resolve().unlink()  # another file: who reads the old one reads it to its end
        return path.open("w+b")
    except OSError as error:
        raise UserError([Problem(str(path), f"cannot be written: {error.strerror}")]) from None
