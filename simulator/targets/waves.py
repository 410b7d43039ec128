"""Watches the waves of a run as it goes, for whatever hangs on one: a fault that waits for a wave to start."""

from collections.abc import Mapping, Sequence

from simulator.account.wire import Decoded
from simulator.journal import Journal, LaunchStatusChanged


class WaveWatch:
    """When each wave started and was launched, so far. Waves are given as source server ids by wave name."""

    def __init__(self, waves: Mapping[str, Sequence[str]], journal: Journal) -> None:
        self._waves = {name: frozenset(servers) for name, servers in waves.items()}
        self._journal = journal
        self._read = 0
        self._started_ms: dict[str, int] = {}
        self._launched_ms: dict[str, int] = {}
        self._now_ms = journal.now_ms

    def request_arrived(self, request: Decoded) -> None:
        """Take note of a request; a wave starts when recovery is first asked for one of its servers, granted or not."""
        if (request.service, request.operation) != ("drs", "StartRecovery"):
            return
        asked = {server.get("sourceServerID") for server in request.parameters.get("sourceServers", [])}
        for name, servers in self._waves.items():
            if servers & asked:
                self._started_ms.setdefault(name, self._now_ms())

    def started_ms(self, wave: str) -> int | None:
        """When the wave started, or None."""
        return self._started_ms.get(wave)

    def launched_ms(self, wave: str) -> int | None:
        """When the last server of the wave had launched, or None."""
        for index in range(self._read, len(self._journal)):
            entry = self._journal[index]
            if isinstance(entry.event, LaunchStatusChanged) and entry.event.status == "LAUNCHED":
                self._launched_ms.setdefault(entry.event.server, entry.at_ms)
        self._read = len(self._journal)
        instants = [self._launched_ms.get(server) for server in self._waves[wave]]
        return None if None in instants else max(instant for instant in instants if instant is not None)
