"""DRS in one account and Region from the outside of its API: setting the stage, and breaking things."""

from collections.abc import Mapping

from simulator.drs import identifiers, timeline
from simulator.drs.faults import ServerFault
from simulator.drs.model import REPLICATION_STATES, Platform, Replication, SourceServer
from simulator.drs.state import RegionState

_DAY_SECONDS = 24 * 60 * 60


class Region:
    """What a scenario does to DRS without calling its API. `state` has the records."""

    def __init__(self, state: RegionState) -> None:
        self.state = state

    def initialize(self) -> None:
        """Set DRS up, as InitializeService does; doing it again changes nothing."""
        self.state.is_initialized = True

    def add_source_server(
        self,
        name: str,
        *,
        profile: str = "linux-direct",
        platform: Platform | None = None,
        tags: Mapping[str, str] | None = None,
        volume_gib: int = 8,
        replication_state: str = "CONTINUOUS",
        origin_region: str | None = None,
        replicating_for_seconds: int = 8 * _DAY_SECONDS,
    ) -> SourceServer:
        """A server that already replicates: since so many seconds ago, with one volume.

        Its id depends on account, Region and name only, and its name is its hostname and its Name tag. `origin_region` is
        where it runs in EC2, None for a machine outside AWS; `platform` goes by the profile's name if it is not given.
        Raises ValueError for a name that is taken, a size that is no size, or a profile or state that does not exist.
        """
        state = self.state
        identifier = identifiers.server_id(state.account_id, state.name, name)
        if identifier in state.servers:
            raise ValueError(f"there is a source server {name!r} already")
        if profile not in state.settings.profiles:
            raise ValueError(f"there is no latency profile {profile!r}: {', '.join(state.settings.profiles)}")
        if volume_gib < 1:
            raise ValueError(f"a volume has at least 1 GiB, not {volume_gib}")
        _check_replication(replication_state)
        now_ms = state.clock.now_ms
        added_ms = now_ms - replicating_for_seconds * 1000
        server = SourceServer(
            identifier,
            state.arn("source-server", identifier),
            next(state.numbers),
            name,
            profile,
            platform or ("windows" if profile.startswith("windows") else "linux"),
            volume_gib,
            origin_region,
            added_ms,
            Replication(replication_state, now_ms),
            {"Name": name, **(tags or {})},
            _launch_configuration(identifier, name),
            added_ms,
        )
        state.servers[identifier] = server
        return server

    def set_replication_state(
        self, server: str, replication_state: str, error: str | None = None, raw_error: str | None = None
    ) -> None:
        """Let the replication of a server (by name or id) go into another state, with what is wrong with it.

        Raises ValueError for a server or state that does not exist.
        """
        _check_replication(replication_state)
        self.state.set_replication(self.state.server_named(server), replication_state, error, raw_error)

    def inject(self, fault: ServerFault) -> None:
        """Let a server's recovery go wrong. Raises ValueError for a server, phase or outcome that does not exist."""
        fault.check()
        self.state.faults.add(self.state.server_named(fault.server).id, fault)

    def occupy(self, server: str, from_ms: int, for_ms: int, fault_id: str) -> None:
        """Let another job hold a server (by name or id) from an instant of the run, for a time.

        If the server is in a job by then, nothing happens. Raises ValueError for a server that does not exist.
        """
        held = self.state.server_named(server)

        def begin() -> None:
            if held.id not in self.state.holders:
                job = self.state.new_job("LAUNCH", "DIAGNOSTIC", [(held, {})], {})
                job.fault = fault_id
                timeline.hold(self.state, job, for_ms)

        self.state.clock.call_at(from_ms, begin)


def _check_replication(replication_state: str) -> None:
    if replication_state not in REPLICATION_STATES:
        raise ValueError(f"there is no replication state {replication_state!r}: {', '.join(REPLICATION_STATES)}")


def _launch_configuration(server_id: str, name: str) -> dict[str, object]:
    return {
        "sourceServerID": server_id,
        "name": name,
        "ec2LaunchTemplateID": f"lt-0{server_id[3:]}",
        "launchDisposition": "STARTED",
        "targetInstanceTypeRightSizingMethod": "BASIC",
        "copyPrivateIp": False,
        "copyTags": False,
        "licensing": {"osByol": False},
        "postLaunchEnabled": False,
    }
