"""Servers that one account replicates and another one recovers."""

from typing import Any

import pytest

from simulator.drs.arrivals import Machine
from simulator.drs.faults import ServerFault
from simulator.drs.model import SourceServer
from simulator.drs.replication_faults import ReplicationFault
from simulator.drs.settings import PROFILES, Distribution, Profile, Quotas
from tests.drs.world import ACCOUNT, HOUR, PINNED, REGION, World, pinned

STAGING = "210987654321"
BUSY = "One or more of the Source Servers included in API call are currently being processed by a Job"
EXTENDED = Profile(
    pending=PINNED.pending,
    snapshot=PINNED.snapshot,
    queue=PINNED.queue,
    conversion=Distribution(840),
    launch=Distribution(900),
    boot=PINNED.boot,
    finish=PINNED.finish,
)


class Worlds(World):
    """Two accounts: this one, and one that replicates."""

    def __init__(self, **changes: Any) -> None:
        profiles = {**PROFILES, "linux-direct": PINNED, "extended": EXTENDED}
        super().__init__(pinned(**{"profiles": profiles, **changes}))
        self.staging = self.service.region(STAGING, REGION)
        self.staging.initialize()

    def there(self, operation: str, **request: Any) -> Any:
        return self.ask(STAGING, REGION, operation, request)

    def extend(self, *names: str, **options: Any) -> list[SourceServer]:
        """Servers of this account that stand for new ones of the other."""
        for name in names:
            server = self.staging.add_source_server(name, **options)
            self.call("CreateExtendedSourceServer", sourceServerArn=server.arn)
        return [self.region.state.server_named(name) for name in names]

    def log_there(self, job_id: str) -> list[str]:
        items = self.there("DescribeJobLogItems", jobID=job_id)["items"]
        return [item["event"] for item in items]


@pytest.fixture
def world() -> Worlds:
    return Worlds()


def test_an_extended_server_shows_the_one_that_it_stands_for(world: Worlds) -> None:
    (server,) = world.extend("db-1", volumes_gib=(8, 16))
    (there,) = world.there("DescribeSourceServers")["items"]
    here = world.server(server)
    assert here["sourceServerID"] == there["sourceServerID"]
    assert here["arn"] == f"arn:aws:drs:us-west-2:{ACCOUNT}:source-server/{server.id}"
    assert here["stagingArea"] == {
        "status": "EXTENDED",
        "stagingAccountID": STAGING,
        "stagingSourceServerArn": there["arn"],
    }
    same = ("dataReplicationInfo", "sourceProperties")
    assert {name: here[name] for name in same} == {name: there[name] for name in same}
    snapshots = [call("DescribeRecoverySnapshots", sourceServerID=server.id)["items"] for call in (world.call, world.there)]
    assert snapshots[0] == snapshots[1]
    assert len(snapshots[0]) == 35


def test_a_knob_gives_extended_servers_ids_of_their_own() -> None:
    world = Worlds(extended_server_id="own")
    (server,) = world.extend("db-1")
    (there,) = world.there("DescribeSourceServers")["items"]
    assert server.id != there["sourceServerID"]
    (snapshot, *_) = world.call("DescribeRecoverySnapshots", sourceServerID=server.id)["items"]
    assert snapshot["sourceServerID"] == server.id
    assert world.statuses(world.recover(server)) == {"db-1": "LAUNCHED"}


def test_only_servers_that_could_be_extended_are_listed(world: Worlds) -> None:
    for name in ("a", "b", "c"):
        world.staging.add_source_server(name, tags={"Role": "db"})
    found = world.call("ListExtensibleSourceServers", stagingAccountID=STAGING)["items"]
    assert [one["hostname"] for one in found] == ["a", "b", "c"]
    assert found[0]["tags"] == {"Name": "a", "Role": "db"}
    world.call("CreateExtendedSourceServer", sourceServerArn=found[1]["arn"], tags={"Team": "dr"})
    found = world.call("ListExtensibleSourceServers", stagingAccountID=STAGING)["items"]
    assert [one["hostname"] for one in found] == ["a", "c"]
    assert world.region.state.server_named("b").tags == {"Name": "b", "Team": "dr"}
    assert world.there("ListExtensibleSourceServers", stagingAccountID=ACCOUNT)["items"] == []  # an extension itself
    first = world.call("ListExtensibleSourceServers", stagingAccountID=STAGING, maxResults=1)
    rest = world.call("ListExtensibleSourceServers", stagingAccountID=STAGING, nextToken=first["nextToken"])
    assert [one["hostname"] for one in first["items"] + rest["items"]] == ["a", "c"]


def test_staging_accounts_are_those_of_extended_servers(world: Worlds) -> None:
    assert world.call("ListStagingAccounts") == {"accounts": []}
    world.extend("a", "b")
    assert world.call("ListStagingAccounts") == {"accounts": [{"accountID": STAGING}]}


def test_servers_can_be_found_by_their_staging_account(world: Worlds) -> None:
    world.add("own")
    world.extend("a")

    def found(account: str) -> list[str]:
        items = world.call("DescribeSourceServers", filters={"stagingAccountIDs": [account]})["items"]
        return [one["tags"]["Name"] for one in items]

    assert (found(ACCOUNT), found(STAGING)) == (["own"], ["a"])


@pytest.mark.parametrize("denied", ["distrusted", "not initialised"])
def test_without_the_role_in_the_staging_account_nothing_is_extended(world: Worlds, denied: str) -> None:
    server = world.staging.add_source_server("a")
    if denied == "distrusted":
        world.staging.distrust(ACCOUNT)
    else:
        world.staging.state.is_initialized = False
    error = world.refusal("CreateExtendedSourceServer", sourceServerArn=server.arn)
    assert (error.code, error.status, error.message) == ("AccessDeniedException", 403, "Error in Authorization")
    assert world.refusal("ListExtensibleSourceServers", stagingAccountID=STAGING).code == "AccessDeniedException"
    world.staging.trust(ACCOUNT)
    world.staging.initialize()
    world.call("CreateExtendedSourceServer", sourceServerArn=server.arn)


def arn(account: str = STAGING, region: str = REGION, identifier: str = "s-50000000000000000") -> str:
    return f"arn:aws:drs:{region}:{account}:source-server/{identifier}"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (arn(), "ResourceNotFoundException"),
        (arn(account=ACCOUNT), "ValidationException"),
        (arn(region="eu-west-1"), "ValidationException"),
    ],
)
def test_what_is_no_server_of_a_staging_account_cannot_be_extended(world: Worlds, name: str, code: str) -> None:
    assert world.refusal("CreateExtendedSourceServer", sourceServerArn=name).code == code


def test_a_server_is_extended_to_an_account_once(world: Worlds) -> None:
    (server,) = world.extend("a")
    assert (
        world.refusal("CreateExtendedSourceServer", sourceServerArn=arn(identifier=server.id)).code == "ValidationException"
    )


def test_extended_servers_count_among_all_but_not_among_those_that_replicate() -> None:
    world = Worlds(quotas=Quotas(replicating_servers=1, servers=2))
    world.region.install_agent(Machine("own"))
    world.extend("a")
    world.staging.add_source_server("b")
    error = world.refusal("CreateExtendedSourceServer", sourceServerArn=world.staging.state.server_named("b").arn)
    assert (error.code, error.members["quotaCode"]) == ("ServiceQuotaExceededException", "L-E28BE5E0")


def test_replication_is_a_matter_of_the_staging_account(world: Worlds) -> None:
    (server,) = world.extend("a")
    for operation in ("StartReplication", "StopReplication", "UpdateReplicationConfiguration"):
        assert world.refusal(operation, sourceServerID=server.id).code == "ConflictException"
    assert world.refusal("RetryDataReplication", sourceServerID=server.id).code == "ValidationException"
    world.there("UpdateReplicationConfiguration", sourceServerID=server.id, bandwidthThrottling=50)
    assert world.call("GetReplicationConfiguration", sourceServerID=server.id)["bandwidthThrottling"] == 50
    world.staging.disturb(ReplicationFault("f", "a", "AGENT_NOT_SEEN", for_ms=60_000))
    world.pass_seconds(30)
    assert world.server(server)["dataReplicationInfo"]["dataReplicationState"] == "STALLED"
    world.pass_seconds(HOUR)
    assert world.server(server)["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"


def test_what_goes_wrong_with_replication_goes_wrong_in_the_staging_account(world: Worlds) -> None:
    world.extend("a")
    with pytest.raises(ValueError, match="'a' is replicated in account 210987654321"):
        world.region.disturb(ReplicationFault("f", "a", "AGENT_NOT_SEEN"))
    with pytest.raises(ValueError, match="'a' is replicated in account 210987654321"):
        world.region.set_replication_state("a", "STALLED")


# Recovering


def test_a_recovery_has_a_job_in_each_account(world: Worlds) -> None:
    servers = world.extend("db-1", "db-2")
    job = world.recover(*servers, isDrill=True)
    assert world.statuses(job) == {"db-1": "LAUNCHED", "db-2": "LAUNCHED"}
    (there,) = world.there("DescribeJobs")["items"]
    assert (there["type"], there["initiatedBy"], there["status"]) == (
        "CREATE_CONVERTED_SNAPSHOT",
        "TARGET_ACCOUNT",
        "COMPLETED",
    )
    assert {one["sourceServerID"] for one in there["participatingServers"]} == {server.id for server in servers}
    assert world.log_there(there["jobID"]) == [
        "JOB_START", "SNAPSHOT_START", "SNAPSHOT_START", "SNAPSHOT_END", "SNAPSHOT_END",
        "CONVERSION_START", "CONVERSION_START", "CONVERSION_END", "CONVERSION_END", "JOB_END",
    ]  # fmt: skip
    offsets = dict(reversed([(text, seconds) for seconds, text in world.offsets(job["jobID"])]))
    assert 890 < offsets["CONVERSION_END db-1"] < 896  # the staging account's job takes a quarter of an hour
    assert 1790 < offsets["JOB_END"] < 1800
    converters = {item["eventData"].get("conversionServerID") for item in world.log(job["jobID"])}
    theirs = {
        item["eventData"].get("conversionServerID")
        for item in world.there("DescribeJobLogItems", jobID=there["jobID"])["items"]
    }
    assert converters == theirs
    assert len(world.instances()) == 2
    assert world.there("DescribeRecoveryInstances")["items"] == []


def test_both_accounts_can_recover_the_same_server_without_mixing_anything_up(world: Worlds) -> None:
    (server,) = world.extend("db-1")
    here = world.recover(server)
    there = world.there("StartRecovery", sourceServers=[{"sourceServerID": server.id}])["job"]
    world.pass_seconds(HOUR)
    assert here["jobID"] != there["jobID"]
    (other,) = world.there("DescribeRecoveryInstances")["items"]
    assert other["ec2InstanceID"] != world.instances()[0]["ec2InstanceID"]


def test_a_chosen_snapshot_is_that_of_the_staging_account(world: Worlds) -> None:
    (server,) = world.extend("db-1")
    oldest = world.call("DescribeRecoverySnapshots", sourceServerID=server.id)["items"][0]
    asked = [{"sourceServerID": server.id, "recoverySnapshotID": oldest["snapshotID"]}]
    world.call("StartRecovery", sourceServers=asked)
    world.pass_seconds(HOUR)
    assert world.instances()[0]["pointInTimeSnapshotDateTime"] == oldest["timestamp"]


def test_the_staging_accounts_servers_are_held_as_long_as_they_are_converted(world: Worlds) -> None:
    (server,) = world.extend("db-1")
    world.start(server)
    world.pass_seconds(600)
    assert world.server(server)["lifeCycle"]["lastLaunch"]["status"] == "PENDING"
    assert world.staging.state.holders[server.id].type == "CREATE_CONVERTED_SNAPSHOT"
    world.pass_seconds(400)
    assert server.id not in world.staging.state.holders
    assert server.id in world.region.state.holders


def failure(world: Worlds, *servers: SourceServer) -> str:
    job = world.recover(*servers)
    (item,) = [item for item in world.log(job["jobID"]) if item["event"] == "CONVERSION_FAIL"]
    assert world.statuses(job)[world.name(item["eventData"]["sourceServerID"])] == "FAILED"
    return str(item["eventData"]["rawError"])


def test_a_conversion_that_fails_in_the_staging_account_fails_the_launch_with_its_reason(world: Worlds) -> None:
    servers = world.extend("db-1", "db-2")
    error = "Not authorized to use key"
    world.staging.inject(ServerFault("kms", "db-1", "CONVERSION", "FAILED", error))
    assert failure(world, *servers) == error
    assert [instance["sourceServerID"] for instance in world.instances()] == [servers[1].id]


def test_a_staging_server_in_another_job_cannot_be_converted(world: Worlds) -> None:
    (server,) = world.extend("db-1")
    world.staging.occupy("db-1", 0, 3_600_000, "busy")
    world.pass_seconds(1)
    assert failure(world, server) == BUSY


def test_a_staging_account_whose_quotas_are_used_up_cannot_convert() -> None:
    world = Worlds(quotas=Quotas(servers_in_jobs=2))
    (server,) = world.extend("db-1")
    for name in ("x", "y"):
        world.staging.add_source_server(name)
        world.staging.occupy(name, 0, 3_600_000, "busy")
    world.pass_seconds(1)
    assert failure(world, server) == "The quotas of the staging account do not allow the conversion"


def test_a_broken_extension_says_so_and_launches_nothing(world: Worlds) -> None:
    (server,) = world.extend("db-1")
    world.region.disturb(ReplicationFault("f", "db-1", "EXTENSION", "The role is gone"))
    world.pass_seconds(1)
    area = world.server(server)["stagingArea"]
    assert (area["status"], area["errorMessage"]) == ("EXTENSION_ERROR", "The role is gone")
    error = world.refusal("GetReplicationConfiguration", sourceServerID=server.id)
    assert (error.code, error.message) == ("AccessDeniedException", "The role is gone")
    assert failure(world, server) == "The role is gone"
    world.region.mend("db-1")
    assert world.statuses(world.recover(server)) == {"db-1": "LAUNCHED"}


def test_a_trust_that_ends_later_stops_recoveries_too(world: Worlds) -> None:
    (server,) = world.extend("db-1")
    world.staging.distrust(ACCOUNT)
    assert failure(world, server) == "Error in Authorization"


def test_a_staging_server_that_is_deleted_leaves_its_extensions_without_one(world: Worlds) -> None:
    (server,) = world.extend("db-1")
    world.there("DisconnectSourceServer", sourceServerID=server.id)
    assert world.server(server)["dataReplicationInfo"]["dataReplicationState"] == "DISCONNECTED"
    world.there("DeleteSourceServer", sourceServerID=server.id)
    assert world.server(server)["stagingArea"]["status"] == "EXTENSION_ERROR"
    assert world.call("DeleteSourceServer", sourceServerID=server.id) == {}


def test_an_extension_can_be_let_go_without_touching_what_it_stands_for(world: Worlds) -> None:
    (server,) = world.extend("db-1")
    world.call("DisconnectSourceServer", sourceServerID=server.id)
    world.call("DeleteSourceServer", sourceServerID=server.id)
    (there,) = world.there("DescribeSourceServers")["items"]
    assert there["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"
    assert there["dataReplicationInfo"]["replicatedDisks"][0]["totalStorageBytes"] > 0
    world.call("CreateExtendedSourceServer", sourceServerArn=there["arn"])
    (again,) = world.call("DescribeSourceServers")["items"]
    assert again["stagingArea"]["status"] == "EXTENDED"


def test_letting_an_extension_go_does_not_hold_up_a_copy_that_goes_on(world: Worlds) -> None:
    world.staging.install_agent(Machine("db-1"))
    arn_there = world.staging.state.server_named("db-1").arn
    server = world.call("CreateExtendedSourceServer", sourceServerArn=arn_there)["sourceServer"]
    assert server["dataReplicationInfo"]["dataReplicationState"] == "INITIATING"
    world.call("DisconnectSourceServer", sourceServerID=server["sourceServerID"])
    world.call("CreateExtendedSourceServer", sourceServerArn=arn_there)
    world.pass_seconds(HOUR)
    assert (
        world.server(world.region.state.server_named("db-1"))["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"
    )
