"""Extended source servers: replicated in a staging account, recovered in this one.

Before an extended server can be launched its snapshot is converted in the staging account, by a job of that account for
which the launch here waits.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

from simulator.drs import configurations, refusals
from simulator.drs.model import Job, Participant, SourceServer
from simulator.drs.replica import Extension
from simulator.drs.state import RegionState
from simulator.errors import ServiceError

_ARN = re.compile(r"arn:aws[a-z-]*:drs:(?P<region>[^:]+):(?P<account>\d{12}):source-server/(?P<id>s-[0-9a-zA-Z]{17})")
_DENIED = "Error in Authorization"
_BROKEN = "The staging source server is not available"


def staging_account(state: RegionState, account_id: str) -> RegionState:
    """DRS in a staging account. Raises ServiceError if this account may not use it."""
    if account_id == state.account_id:
        raise refusals.validation_error([("stagingAccountID", "must be another account")])
    staging = state.elsewhere(account_id, state.name)
    if not staging.is_initialized or state.account_id in staging.distrusted:
        raise refusals.access_denied(_DENIED)
    return staging


def is_extensible(state: RegionState, server: SourceServer) -> bool:
    """Whether a server of a staging account is neither an extension itself, nor extended to this account already."""
    return server.extension is None and server.replication.state != "DISCONNECTED" and not _extensions(state, server)


def extend(state: RegionState, arn: str, tags: Mapping[str, str]) -> SourceServer:
    """An extended server of this account, for the server with an ARN. Raises ServiceError."""
    named = _ARN.fullmatch(arn)
    if named is None or named["region"] != state.name or named["account"] == state.account_id:
        raise refusals.validation_error(
            [("sourceServerArn", "must be of a source server of another account, in this Region")]
        )
    staging = staging_account(state, named["account"])
    server = staging.servers.get(named["id"])
    if server is None:
        raise refusals.not_found("SourceServer", named["id"])
    if not is_extensible(state, server):
        raise refusals.validation_error([("sourceServerArn", "must be of a source server that can be extended")])
    limit = state.settings.quotas.servers
    if len(state.servers) >= limit:
        raise refusals.quota_exceeded("servers", limit)
    return _add(state, staging, server, tags)


def let_go(state: RegionState, server: SourceServer) -> None:
    """An extended server no longer follows the one that it stands for."""
    if server.extension is None:
        return
    staging = state.elsewhere(server.extension.account_id, state.name)
    kept = staging.extended.get(server.extension.server_id, [])
    staging.extended[server.extension.server_id] = [entry for entry in kept if entry[1] is not server]
    _part(server)


def orphan(state: RegionState, server: SourceServer) -> None:
    """A server goes away: those that stand for it elsewhere cannot be used any more."""
    for _, extended in state.extended.pop(server.id, ()):
        assert extended.extension is not None
        extended.extension.error = _BROKEN
        _part(extended)


def _part(server: SourceServer) -> None:
    """Give an extended server a replica of its own: what is done to it from now on touches no other."""
    kept = list(server.replica.extra_snapshots)
    server.replica = replace(server.replica, extra_snapshots=kept, pending=None, seats=0)


def begin_conversions(
    state: RegionState, job: Job, ready: Sequence[Participant], start: Callable[[RegionState, Job], None]
) -> None:
    """Let the staging accounts convert what a job is to launch; several jobs, if one does not hold all servers."""
    extended = [one for one in ready if one.server.extension is not None]
    for account_id, members in groupby(sorted(extended, key=_account), key=_account):
        staging = state.elsewhere(account_id, state.name)
        usable = [one for one in members if _is_usable(state, staging, one)]
        size = state.settings.quotas.servers_per_job
        for place in range(0, len(usable), size):
            _convert(staging, usable[place : place + size], start)


def when_converted(job: Job, participant: Participant, then: Callable[[str | None], None]) -> None:
    """Call `then` once a server's conversion has ended, with why it failed if it did; never once its job has ended."""
    if participant.staged_job is None:
        then(participant.staging_error)
    elif participant.staged_job.is_active:
        participant.staged_job.watchers.append(partial(_tell, job, participant, then))
    else:
        _tell(job, participant, then)


def _tell(job: Job, participant: Participant, then: Callable[[str | None], None]) -> None:
    staged, staged_job = participant.staged, participant.staged_job
    assert staged is not None
    assert staged_job is not None
    if not job.is_active:
        return
    if staged.launch_status == "LAUNCHED":
        participant.data_ms = staged.data_ms
        then(None)
        return
    items = (
        item.data.get("rawError") for item in reversed(staged_job.log) if item.data.get("sourceServerID") == staged.server.id
    )
    then(next((str(text) for text in items if text is not None), "The conversion in the staging account failed"))


def _convert(staging: RegionState, members: Sequence[Participant], start: Callable[[RegionState, Job], None]) -> None:
    quotas = staging.settings.quotas
    if len(staging.active_jobs) >= quotas.jobs_in_progress or len(staging.holders) + len(members) > quotas.servers_in_jobs:
        for one in members:
            one.staging_error = "The quotas of the staging account do not allow the conversion"
        return
    servers = [(_staged(staging, one), {"data_ms": one.data_ms}) for one in members]
    job = staging.new_job("CREATE_CONVERTED_SNAPSHOT", "TARGET_ACCOUNT", servers, {})
    for one, staged in zip(members, job.participants, strict=True):
        one.staged, one.staged_job = staged, job
    start(staging, job)


def _is_usable(state: RegionState, staging: RegionState, participant: Participant) -> bool:
    """Whether a server's conversion can begin; notes why not."""
    extension = participant.server.extension
    assert extension is not None
    try:
        staging_account(state, extension.account_id)
    except ServiceError as error:
        participant.staging_error = error.message
        return False
    if extension.error is not None or extension.server_id not in staging.servers:
        participant.staging_error = extension.error or _BROKEN
    elif extension.server_id in staging.holders:
        participant.staging_error = refusals.BUSY
    return participant.staging_error is None


def _staged(staging: RegionState, participant: Participant) -> SourceServer:
    assert participant.server.extension is not None
    return staging.servers[participant.server.extension.server_id]


def _account(participant: Participant) -> str:
    assert participant.server.extension is not None
    return participant.server.extension.account_id


def _extensions(state: RegionState, server: SourceServer) -> bool:
    return any(
        one.extension is not None and one.extension.arn == server.arn and one.replication.state != "DISCONNECTED"
        for one in [state.servers.get(_own_id(state, server))]
        if one is not None
    )


def _own_id(state: RegionState, server: SourceServer) -> str:
    if state.settings.extended_server_id == "equal":
        return server.id
    return state.server_id(f"extended/{server.id}")


def _add(state: RegionState, staging: RegionState, server: SourceServer, tags: Mapping[str, str]) -> SourceServer:
    identifier = _own_id(state, server)
    extended = SourceServer(
        identifier,
        state.arn("source-server", identifier),
        next(state.numbers),
        server.name,
        "extended" if "extended" in state.settings.profiles else server.profile,
        server.platform,
        server.volume_gib,
        server.origin_region,
        state.clock.now_ms,
        server.replication,
        {"Name": server.name, **tags},
        {},
        server.snapshots_from_ms,
        disks_gib=server.disks_gib,
        replica=server.replica,
        extension=Extension(staging.account_id, server.id, server.arn),
    )
    extended.launch_configuration = configurations.launch_configuration(state, extended)
    if identifier in state.servers:  # it was extended before and let go, but not deleted
        extended.jobs = state.servers[identifier].jobs
    state.add_server(extended)
    staging.extended.setdefault(server.id, []).append((state, extended))
    return extended
