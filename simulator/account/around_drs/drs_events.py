"""The events that DRS emits, with the detail types that AWS documents. There are none for jobs as a whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.account.events.bus import EventBuses
from simulator.drs import snapshots
from simulator.drs.happenings import Happening
from simulator.drs.region import Region
from simulator.drs.service import DrsService
from simulator.drs.snapshots import Snapshot
from simulator.drs.state import RegionState
from simulator.journal import LaunchStatusChanged, ReplicationChanged

SOURCE = "aws.drs"
_SNAPSHOT = "DRS PIT Snapshot Taken"
_FAILBACKS = ("FAILBACK_IN_PROGRESS", "FAILBACK_COMPLETED", "FAILBACK_ERROR")
_RESULTS = {"LAUNCHED": "RECOVERY_LAUNCH_SUCCEEDED", "FAILED": "RECOVERY_LAUNCH_FAILED"}


@dataclass(slots=True)
class DrsEvents:
    """Watches DRS, and emits. `stalled` are the source servers that are known to be stalled."""

    buses: EventBuses
    drs: DrsService
    stalled: set[str] = field(default_factory=set)

    def observe(self, happening: Happening) -> None:
        """Emit what a happening is worth."""
        tell = _TELLERS.get(happening.event.kind)
        if tell is not None:
            tell(self, self.drs.region(happening.account_id, happening.region).state, happening.event)

    def launch_changed(self, state: RegionState, event: LaunchStatusChanged) -> None:
        """The result of one server's drill or recovery."""
        job = state.jobs[event.job]
        if job.type != "LAUNCH" or job.is_failback or event.status not in _RESULTS:
            return
        is_drill = "TRUE" if job.is_drill else "FALSE"
        detail = {"state": _RESULTS[event.status], "job-id": job.id, "is-drill": is_drill}
        self._emit(state, "DRS Source Server Launch Result", state.arn("source-server", event.server), detail)

    def replication_changed(self, state: RegionState, event: ReplicationChanged) -> None:
        """A server's replication stalls, or goes on."""
        is_stalled = event.state == "STALLED"
        if is_stalled == (event.server in self.stalled):
            return
        self.stalled ^= {event.server}
        detail = {"state": "STALLED" if is_stalled else "NOT_STALLED"}
        arn = state.arn("source-server", event.server)
        self._emit(state, "DRS Source Server Data Replication Stalled Change", arn, detail)

    def failback_changed(self, state: RegionState, event: Any) -> None:
        """A recovery instance fails back, has failed back, or cannot."""
        if event.state in _FAILBACKS:
            arn = state.arn("recovery-instance", event.instance)
            self._emit(state, "DRS Recovery Instance Failback State Change", arn, {"state": event.state})

    def network_changed(self, state: RegionState, event: Any) -> None:
        """A source network's protection has another status."""
        arn = state.arn("source-network", event.network)
        self._emit(state, "DRS Source Network Protection Status Change", arn, {"status": event.status})

    def network_recovered(self, state: RegionState, event: Any) -> None:
        """A source network's recovery has ended."""
        if event.result != "IN_PROGRESS":
            arn, detail = state.arn("source-network", event.network), {"result": event.result, "job-id": event.job}
            self._emit(state, "DRS Source Network Recovery Result", arn, detail)

    def tells_snapshots(self, region: Region) -> bool:
        """Whether anybody there hears of snapshots; there are so many of them that nobody else is told."""
        return self.buses.are_heard(region.state.account_id, region.state.name, SOURCE, _SNAPSHOT)

    def snapshot_taken(self, state: RegionState, snapshot: Snapshot) -> None:
        """A point-in-time snapshot was taken."""
        detail = {
            "DrsSnapshotID": snapshot.id,
            "EbsSnapshotIDs": ",".join(snapshots.volume_snapshots(state, snapshot)),
        }
        self._emit(state, _SNAPSHOT, state.arn("source-server", snapshot.server.id), detail)

    def _emit(self, state: RegionState, detail_type: str, arn: str, detail: Mapping[str, Any]) -> None:
        self.buses.emit(state.account_id, state.name, SOURCE, detail_type, [arn], detail)


# By the kind of what happens. AWS shows no sample of the events of source networks: their details are our guess.
_TELLERS: Mapping[str, Callable[[DrsEvents, RegionState, Any], None]] = {
    LaunchStatusChanged.kind: DrsEvents.launch_changed,
    ReplicationChanged.kind: DrsEvents.replication_changed,
    "drs.failback": DrsEvents.failback_changed,
    "drs.network": DrsEvents.network_changed,
    "drs.network.recovery": DrsEvents.network_recovered,
}
