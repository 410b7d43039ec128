"""A journal as it grows, for followers: each reads the file at its own pace, so that a slow one holds up nobody and nothing.

A follower is a place in the file and a bell that the world's thread rings when there is more; nothing is kept for it.
"""

import os
import select
import socket
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Lock
from typing import IO

from simulator.errors import ClockStopped
from simulator.server.connections import is_gone

PIECE_BYTES = 64 * 1024  # what a follower reads and sends at a time, or one line if that is longer
PAUSE_SECONDS = 0.05  # how long a follower that has all lets more come together, in a world in which much happens


class Growth:
    """The lines of a file that grows, as the number of bytes before each says, until it is closed.

    `grown` and `close` are for the thread that writes; the rest is for any.
    """

    def __init__(self, file: IO[bytes], offsets: "array[int]") -> None:
        self.closed = Event()
        self._file, self._offsets = file, offsets
        self._lock, self._bells = Lock(), dict[Bell, None]()

    def grown(self) -> None:
        """Tell followers that there is more."""
        if self._bells:
            for bell in list(self._bells):
                bell.ring()

    def close(self) -> None:
        """Write what is left to write; followers read to the end, and are done."""
        with self._lock:
            self._file.flush()
            self.closed.set()
            self._file.close()
        self.grown()

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def admit(self, bell: "Bell") -> int:
        """Ring a bell from now on; a descriptor of the file that stays open. Raises ClockStopped for a closed one."""
        with self._lock:
            if self.closed.is_set():
                raise ClockStopped
            self._bells[bell] = None
            return os.dup(self._file.fileno())

    def dismiss(self, bell: "Bell") -> None:
        """Ring a bell no more."""
        with self._lock:
            self._bells.pop(bell, None)

    def read(self, descriptor: int, first: int, most: int) -> tuple[bytes, int]:
        """Lines from number `first` on, of which there is one at least, and the number of the next; at most `most`."""
        start = self._offsets[first]
        full = bisect_right(self._offsets, start + PIECE_BYTES, first) - 1
        end = max(first + 1, min(full, first + most))
        with self._lock:
            if not self.closed.is_set():
                self._file.flush()
        return os.pread(descriptor, self._offsets[end] - start, start), end


class Follower:
    """The lines of a growing file from number `first` on, as they come, until it or the connection is closed.

    It ends after `most` lines, if that is given. Raises ClockStopped for a file that is closed already.
    """

    def __init__(self, growth: Growth, first: int, most: int | None, connection: socket.socket | None) -> None:
        self._growth, self._next, self._end = growth, first, None if most is None else first + most
        self._connection = connection
        self._bell = Bell()
        try:
            self._descriptor = growth.admit(self._bell)
        except ClockStopped:
            self._bell.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        while self._end is None or self._next < self._end:
            is_last = self._growth.closed.is_set()
            if self._next < len(self._growth):
                most = PIECE_BYTES if self._end is None else self._end - self._next
                piece, self._next = self._growth.read(self._descriptor, self._next, most)
                yield piece
            elif is_last or self._is_left():
                return

    def close(self) -> None:
        """Follow no longer."""
        self._growth.dismiss(self._bell)
        self._bell.close()
        os.close(self._descriptor)

    def _is_left(self) -> bool:
        """Wait for more; whether there is nobody to tell it to any more."""
        self._growth.closed.wait(PAUSE_SECONDS)
        if self._bell.is_heard(self._connection) or self._connection is None:
            return False
        if is_gone(self._connection):
            return True
        self._connection = None  # it has sent more: the next request, which tells nothing of this one
        return False


class Bell:
    """Wakes one thread from others, however often it is rung before that one looks."""

    def __init__(self) -> None:
        self._inside, self._outside = socket.socketpair()
        self._is_rung = False

    def ring(self) -> None:
        """Wake who waits, or will wait."""
        if not self._is_rung:
            self._is_rung = True
            with suppress(OSError):  # closed: nobody waits
                self._outside.send(b"!")

    def is_heard(self, connection: socket.socket | None) -> bool:
        """Wait until the bell is rung or something comes over a connection; whether it was the bell."""
        poll = select.poll()
        poll.register(self._inside, select.POLLIN)
        if connection is not None:
            poll.register(connection, select.POLLIN)
        heard = self._inside.fileno() in (number for number, _ in poll.poll())
        if heard:
            self._inside.recv(1)
            self._is_rung = False
        return heard

    def close(self) -> None:
        """Let its sockets go."""
        self._inside.close()
        self._outside.close()
