"""The events that tell of point-in-time snapshots, where somebody has a rule for them.

Snapshots follow from time alone and nothing happens when one is taken, so somebody has to look: every ten minutes, as long
as anything else goes on. A run is not kept going by its snapshots.
"""

from simulator.account.around_drs.drs_events import DrsEvents
from simulator.account.wire import Decoded
from simulator.clock import VirtualClock
from simulator.drs import snapshots
from simulator.drs.service import DrsService

EVERY_MS = 10 * 60_000


class PitEvents:
    """Looks for new snapshots once a request has come from somebody who may have rules."""

    def __init__(self, clock: VirtualClock, drs: DrsService, events: DrsEvents) -> None:
        self._clock, self._drs, self._events = clock, drs, events
        self._seen_ms: int | None = None

    def arrived(self, _: Decoded) -> None:
        """Take a request that arrives: from the first one after a rule may exist, snapshots are looked for."""
        if self._seen_ms is None and self._events.buses.are_watched:
            self._seen_ms = self._clock.now_ms
            self._wait()

    def _wait(self) -> None:
        epoch_ms = round(self._clock.now().timestamp() * 1000)
        self._clock.accompany(EVERY_MS - epoch_ms % EVERY_MS, self._look)

    def _look(self) -> None:
        since_ms, self._seen_ms = self._seen_ms or 0, self._clock.now_ms
        for region in filter(self._events.tells_snapshots, self._drs.regions):
            for server in region.state.servers.values():
                for snapshot in snapshots.kept(region.state, server):
                    if snapshot.taken_ms > since_ms:
                        self._events.snapshot_taken(region.state, snapshot)
        self._wait()
