"""Source networks: their replication, and building them anew."""

from typing import Any

import pytest

from simulator.drs.networks import NETWORK_FAULTS, NetworkFault
from simulator.drs.settings import Distribution, Networking, Quotas
from tests.drs.world import ACCOUNT, HOUR, World, pinned

VPC = "vpc-0123456789abcdef0"
ORIGIN = "us-east-1"
NETWORKING = Networking(replication=Distribution(120), deployment=Distribution(180), launch_templates=Distribution(10))


class Networks(World):
    def __init__(self, **changes: Any) -> None:
        super().__init__(pinned(networking=NETWORKING, **changes))

    def create(self, vpc: str = VPC, **more: Any) -> str:
        answer = self.call("CreateSourceNetwork", vpcID=vpc, originAccountID=ACCOUNT, originRegion=ORIGIN, **more)
        return str(answer["sourceNetworkID"])

    def protected(self, vpc: str = VPC) -> str:
        return self.region.add_source_network(vpc, ORIGIN).id

    def network(self, identifier: str) -> Any:
        (shown,) = self.call("DescribeSourceNetworks", filters={"sourceNetworkIDs": [identifier]})["items"]
        return shown

    def recover_networks(self, *entries: Any, **more: Any) -> Any:
        """Start the recovery of networks and let an hour pass; the job then."""
        asked = [{"sourceNetworkID": entry} if isinstance(entry, str) else entry for entry in entries]
        job = self.call("StartSourceNetworkRecovery", sourceNetworks=asked, **more)["job"]
        self.pass_seconds(HOUR)
        return self.job(job["jobID"])

    def break_network(self, network: str, kind: str, **more: Any) -> None:
        self.region.disturb_network(NetworkFault("a-fault", network, kind, "no permission", **more))


@pytest.fixture
def world() -> Networks:
    return Networks()


def test_a_new_network_is_not_protected(world: Networks) -> None:
    network = world.create(tags={"tier": "web"})
    assert world.network(network) == {
        "sourceNetworkID": network,
        "arn": f"arn:aws:drs:us-west-2:{ACCOUNT}:source-network/{network}",
        "sourceVpcID": VPC,
        "sourceAccountID": ACCOUNT,
        "sourceRegion": ORIGIN,
        "replicationStatus": "STOPPED",
        "lastRecovery": {"lastRecoveryResult": "NOT_STARTED"},
        "tags": {"tier": "web"},
    }


def test_replication_protects_a_network_until_it_is_stopped(world: Networks) -> None:
    network = world.create()
    started = world.call("StartSourceNetworkReplication", sourceNetworkID=network)
    assert started["sourceNetwork"]["replicationStatus"] == "IN_PROGRESS"
    world.pass_seconds(119.9)
    assert world.network(network)["replicationStatus"] == "IN_PROGRESS"
    world.pass_seconds(0.1)
    assert world.network(network)["replicationStatus"] == "PROTECTED"
    stopped = world.call("StopSourceNetworkReplication", sourceNetworkID=network)
    assert stopped["sourceNetwork"]["replicationStatus"] == "STOPPED"
    assert [event.status for event in world.events("drs.network")] == ["IN_PROGRESS", "PROTECTED", "STOPPED"]


def test_replication_that_is_stopped_on_the_way_protects_nothing(world: Networks) -> None:
    network = world.create()
    world.call("StartSourceNetworkReplication", sourceNetworkID=network)
    world.call("StopSourceNetworkReplication", sourceNetworkID=network)
    world.pass_seconds(HOUR)
    assert world.network(network)["replicationStatus"] == "STOPPED"


def test_replication_that_fails_says_why_and_can_be_started_again(world: Networks) -> None:
    network = world.create()
    world.break_network(network, "REPLICATION")
    world.call("StartSourceNetworkReplication", sourceNetworkID=network)
    world.pass_seconds(200)
    shown = world.network(network)
    assert (shown["replicationStatus"], shown["replicationStatusDetails"]) == ("ERROR", "no permission")
    world.call("StartSourceNetworkReplication", sourceNetworkID=network)
    world.pass_seconds(200)
    shown = world.network(network)
    assert (shown["replicationStatus"], shown.get("replicationStatusDetails")) == ("PROTECTED", None)


def test_a_protected_network_can_fail_and_still_be_recovered(world: Networks) -> None:
    network = world.protected()
    world.break_network(network, "REPLICATION")
    assert world.network(network)["replicationStatus"] == "ERROR"
    assert world.recover_networks(network)["participatingResources"][0]["launchStatus"] == "LAUNCHED"


@pytest.mark.parametrize(
    ("prepare", "operation"),
    [
        ([], "StopSourceNetworkReplication"),
        (["StartSourceNetworkReplication"], "StartSourceNetworkReplication"),
        (["StartSourceNetworkReplication"], "DeleteSourceNetwork"),
        ([], "ExportSourceNetworkCfnTemplate"),
    ],
)
def test_what_a_networks_status_does_not_allow_is_refused(world: Networks, prepare: list[str], operation: str) -> None:
    network = world.create()
    for earlier in prepare:
        world.call(earlier, sourceNetworkID=network)
    error = world.refusal(operation, sourceNetworkID=network)
    assert (error.code, error.status) == ("ConflictException", 409)
    assert error.members == {"resourceType": "SourceNetwork", "resourceId": network}


@pytest.mark.parametrize(
    "operation",
    [
        "DeleteSourceNetwork",
        "StartSourceNetworkReplication",
        "StopSourceNetworkReplication",
        "ExportSourceNetworkCfnTemplate",
        "AssociateSourceNetworkStack",
    ],
)
def test_an_unknown_network_is_not_found(world: Networks, operation: str) -> None:
    stack = {"cfnStackName": "stack"} if operation == "AssociateSourceNetworkStack" else {}
    error = world.refusal(operation, sourceNetworkID="sn-50000000000000000", **stack)
    assert (error.code, error.members["resourceType"]) == ("ResourceNotFoundException", "SourceNetwork")


def test_a_vpc_has_one_network(world: Networks) -> None:
    network = world.create()
    asked = {"vpcID": VPC, "originAccountID": ACCOUNT, "originRegion": ORIGIN}
    error = world.refusal("CreateSourceNetwork", **asked)
    assert (error.code, error.members["resourceId"]) == ("ConflictException", network)


def test_an_account_has_at_most_as_many_networks_as_its_quota_says() -> None:
    world = Networks(quotas=Quotas(source_networks=2))
    world.create("vpc-00000001")
    world.create("vpc-00000002")
    asked = {"vpcID": "vpc-00000003", "originAccountID": ACCOUNT, "originRegion": ORIGIN}
    error = world.refusal("CreateSourceNetwork", **asked)
    assert (error.code, error.status, error.members["quotaCode"]) == (
        "ServiceQuotaExceededException",
        402,
        "L-4B0323BD",
    )


def test_a_deleted_network_is_gone_and_its_vpc_may_come_again_under_another_id(world: Networks) -> None:
    network = world.create()
    assert world.call("DeleteSourceNetwork", sourceNetworkID=network) == {}
    assert world.call("DescribeSourceNetworks")["items"] == []
    assert world.create() != network


def test_networks_are_found_by_id_account_and_region_page_by_page(world: Networks) -> None:
    created = [world.create(f"vpc-0000000{number}") for number in range(5)]
    other = world.call("CreateSourceNetwork", vpcID=VPC, originAccountID="210987654321", originRegion="eu-west-1")[
        "sourceNetworkID"
    ]

    def found(**filters: Any) -> list[str]:
        items = world.call("DescribeSourceNetworks", filters=filters)["items"]
        return [item["sourceNetworkID"] for item in items]

    assert found() == [*created, other]
    assert found(sourceNetworkIDs=created[1:3]) == created[1:3]
    assert found(originAccountID="210987654321") == [other]
    assert found(originRegion=ORIGIN) == created
    page = world.call("DescribeSourceNetworks", maxResults=4)
    rest = world.call("DescribeSourceNetworks", nextToken=page["nextToken"])
    assert [item["sourceNetworkID"] for item in page["items"] + rest["items"]] == [*created, other]
    assert "nextToken" not in rest


def test_a_network_has_tags(world: Networks) -> None:
    network = world.network(world.create(tags={"tier": "web"}))
    world.call("TagResource", resourceArn=network["arn"], tags={"team": "net"})
    assert world.call("ListTagsForResource", resourceArn=network["arn"])["tags"] == {"tier": "web", "team": "net"}


def test_a_recovery_deploys_a_stack_and_updates_launch_templates(world: Networks) -> None:
    network = world.protected()
    asked = {"sourceNetworks": [{"sourceNetworkID": network}], "tags": {"plan": "p-1"}}
    job = world.call("StartSourceNetworkRecovery", **asked)["job"]
    assert (job["type"], job["initiatedBy"], job["status"]) == ("LAUNCH", "CREATE_NETWORK_RECOVERY", "PENDING")
    assert (job["participatingServers"], job["tags"]) == ([], {"plan": "p-1"})
    participant = {"participatingResourceID": {"sourceNetworkID": network}}
    assert job["participatingResources"] == [participant | {"launchStatus": "PENDING"}]
    assert world.network(network)["lastRecovery"] == {
        "apiCallDateTime": "2026-03-01T02:00:00.000000Z",
        "jobID": job["jobID"],
        "lastRecoveryResult": "IN_PROGRESS",
    }
    world.pass_seconds(HOUR)
    assert world.offsets(job["jobID"]) == [
        (0.357, "JOB_START"),
        (0.357, "DEPLOY_NETWORK_CONFIGURATION_START"),
        (180.357, "DEPLOY_NETWORK_CONFIGURATION_END"),
        (180.357, "UPDATE_LAUNCH_TEMPLATE_START"),
        (190.357, "UPDATE_LAUNCH_TEMPLATE_END"),
        (190.387, "JOB_END"),
    ]
    ended = world.job(job["jobID"])
    assert ended["participatingResources"] == [participant | {"launchStatus": "LAUNCHED"}]
    shown = world.network(network)
    assert shown["cfnStackName"] == f"drs-{network}"
    assert shown["lastRecovery"]["lastRecoveryResult"] == "SUCCESS"
    before, after = (item["eventData"]["eventResourceData"]["sourceNetworkData"] for item in world.log(job["jobID"])[1:3])
    assert before == {"sourceNetworkID": network, "sourceVpc": VPC, "stackName": f"drs-{network}"}
    assert after == before | {"targetVpc": shown["launchedVpcID"]}


def test_the_stack_is_told_to_whoever_builds_it(world: Networks) -> None:
    network = world.protected()
    job = world.recover_networks(network)
    (stack,) = world.events("drs.network.stack")
    assert (stack.network, stack.job, stack.action) == (network, job["jobID"], "CREATE")
    assert (stack.stack, stack.vpc) == (f"drs-{network}", world.network(network)["launchedVpcID"])
    assert stack.template["Resources"]["Vpc"]["Type"] == "AWS::EC2::VPC"
    assert [event.result for event in world.events("drs.network.recovery")] == ["IN_PROGRESS", "SUCCESS"]


def test_a_second_recovery_updates_the_stack_unless_a_new_one_is_asked_for(world: Networks) -> None:
    network = world.protected()
    world.recover_networks(network)
    vpc = world.network(network)["launchedVpcID"]
    update = world.recover_networks(network)
    assert update["initiatedBy"] == "UPDATE_NETWORK_RECOVERY"
    assert world.trace(update["jobID"])[1:3] == [
        "UPDATE_NETWORK_CONFIGURATION_START",
        "UPDATE_NETWORK_CONFIGURATION_END",
    ]
    assert world.network(network)["launchedVpcID"] == vpc
    anew = world.recover_networks(network, deployAsNew=True)
    assert anew["initiatedBy"] == "CREATE_NETWORK_RECOVERY"
    assert world.network(network)["cfnStackName"] == f"drs-{network}-2"
    assert world.network(network)["launchedVpcID"] != vpc
    assert [event.action for event in world.events("drs.network.stack")] == ["CREATE", "UPDATE", "CREATE"]


def test_a_stack_can_be_named_but_not_like_one_that_is_taken(world: Networks) -> None:
    first, second = world.protected("vpc-00000001"), world.protected("vpc-00000002")
    world.recover_networks({"sourceNetworkID": first, "cfnStackName": "blue"})
    assert world.network(first)["cfnStackName"] == "blue"
    taken = [{"sourceNetworkID": second, "cfnStackName": "blue"}]
    assert world.refusal("StartSourceNetworkRecovery", sourceNetworks=taken).code == "ConflictException"
    own = [{"sourceNetworkID": first, "cfnStackName": "blue"}]
    assert world.refusal("StartSourceNetworkRecovery", sourceNetworks=own, deployAsNew=True).code == "ConflictException"


@pytest.mark.parametrize(
    ("kind", "result", "launch_status", "trace"),
    [
        (
            "DEPLOYMENT",
            "FAIL",
            "FAILED",
            ["DEPLOY_NETWORK_CONFIGURATION_START", "DEPLOY_NETWORK_CONFIGURATION_FAILED", "NETWORK_RECOVERY_FAIL"],
        ),
        (
            "LAUNCH_TEMPLATES",
            "PARTIAL_SUCCESS",
            "LAUNCHED",
            [
                "DEPLOY_NETWORK_CONFIGURATION_START",
                "DEPLOY_NETWORK_CONFIGURATION_END",
                "UPDATE_LAUNCH_TEMPLATE_START",
                "UPDATE_LAUNCH_TEMPLATE_FAILED",
                "NETWORK_RECOVERY_FAIL",
            ],
        ),
    ],
)
def test_a_recovery_that_fails_says_how_far_it_came(
    world: Networks, kind: str, result: str, launch_status: str, trace: list[str]
) -> None:
    network = world.protected()
    world.break_network(network, kind)
    job = world.recover_networks(network)
    assert (job["status"], job["participatingResources"][0]["launchStatus"]) == ("COMPLETED", launch_status)
    assert world.trace(job["jobID"]) == ["JOB_START", *trace, "JOB_END"]
    assert world.log(job["jobID"])[-2]["eventData"]["rawError"] == "no permission"
    assert world.network(network)["lastRecovery"]["lastRecoveryResult"] == result
    assert [event.fault for event in world.events("fault.fired")] == ["a-fault"]
    world.recover_networks(network)
    assert world.network(network)["lastRecovery"]["lastRecoveryResult"] == "SUCCESS"


def test_one_network_that_fails_does_not_stop_another(world: Networks) -> None:
    first, second = world.protected("vpc-00000001"), world.protected("vpc-00000002")
    world.break_network(first, "DEPLOYMENT")
    job = world.recover_networks(first, second)
    assert [one["launchStatus"] for one in job["participatingResources"]] == ["FAILED", "LAUNCHED"]


def test_a_network_can_go_back_to_a_stack_that_it_had(world: Networks) -> None:
    network = world.protected()
    world.recover_networks(network)
    vpc = world.network(network)["launchedVpcID"]
    world.recover_networks(network, deployAsNew=True)
    answer = world.call("AssociateSourceNetworkStack", sourceNetworkID=network, cfnStackName=f"drs-{network}")
    assert answer["job"]["initiatedBy"] == "ASSOCIATE_NETWORK_RECOVERY"
    world.pass_seconds(HOUR)
    assert world.trace(answer["job"]["jobID"]) == [
        "JOB_START",
        "UPDATE_LAUNCH_TEMPLATE_START",
        "UPDATE_LAUNCH_TEMPLATE_END",
        "JOB_END",
    ]
    shown = world.network(network)
    assert (shown["cfnStackName"], shown["launchedVpcID"]) == (f"drs-{network}", vpc)
    assert shown["lastRecovery"]["lastRecoveryResult"] == "ASSOCIATE_SUCCESS"


def test_a_network_can_be_associated_with_a_stack_that_somebody_else_deployed(world: Networks) -> None:
    network = world.create()
    world.region.add_network_stack(network, "by-hand", "vpc-00000009")
    world.call("AssociateSourceNetworkStack", sourceNetworkID=network, cfnStackName="by-hand")
    world.pass_seconds(HOUR)
    assert world.network(network)["launchedVpcID"] == "vpc-00000009"


def test_an_association_with_a_stack_that_does_not_exist_fails(world: Networks) -> None:
    network = world.protected()
    answer = world.call("AssociateSourceNetworkStack", sourceNetworkID=network, cfnStackName="nowhere")
    world.pass_seconds(HOUR)
    assert world.trace(answer["job"]["jobID"]) == ["JOB_START", "NETWORK_RECOVERY_FAIL", "JOB_END"]
    assert world.network(network)["lastRecovery"]["lastRecoveryResult"] == "ASSOCIATE_FAIL"
    assert "cfnStackName" not in world.network(network)


@pytest.mark.parametrize("operation", ["StopSourceNetworkReplication", "DeleteSourceNetwork"])
def test_a_network_in_a_job_is_left_alone(world: Networks, operation: str) -> None:
    network = world.protected()
    entries = [{"sourceNetworkID": network}]
    world.call("StartSourceNetworkRecovery", sourceNetworks=entries)
    assert world.refusal(operation, sourceNetworkID=network).code == "ConflictException"
    assert world.refusal("StartSourceNetworkRecovery", sourceNetworks=entries).code == "ConflictException"
    associate = {"sourceNetworkID": network, "cfnStackName": "blue"}
    assert world.refusal("AssociateSourceNetworkStack", **associate).code == "ConflictException"


def test_a_network_that_was_never_replicated_cannot_be_recovered(world: Networks) -> None:
    entries = [{"sourceNetworkID": world.create()}]
    assert world.refusal("StartSourceNetworkRecovery", sourceNetworks=entries).code == "ConflictException"


def test_a_recovery_of_unknown_or_repeated_networks_is_refused_field_by_field(world: Networks) -> None:
    network = world.protected()
    asked = [{"sourceNetworkID": one} for one in (network, "sn-50000000000000000", network)]
    error = world.refusal("StartSourceNetworkRecovery", sourceNetworks=asked)
    assert error.code == "ValidationException"
    assert error.members["fieldList"] == [
        {"name": "sourceNetworks[1].sourceNetworkID", "message": "does not exist"},
        {"name": "sourceNetworks[2].sourceNetworkID", "message": "is there twice"},
    ]


def test_recoveries_of_networks_count_as_jobs() -> None:
    world = Networks(quotas=Quotas(jobs_in_progress=1))
    first, second = world.protected("vpc-00000001"), world.protected("vpc-00000002")
    world.call("StartSourceNetworkRecovery", sourceNetworks=[{"sourceNetworkID": first}])
    error = world.refusal("StartSourceNetworkRecovery", sourceNetworks=[{"sourceNetworkID": second}])
    assert (error.code, error.members["quotaCode"]) == ("ServiceQuotaExceededException", "L-D88FAC3A")


def test_a_template_is_exported_to_the_bucket_of_the_launch_configuration_template(world: Networks) -> None:
    network = world.protected()
    error = world.refusal("ExportSourceNetworkCfnTemplate", sourceNetworkID=network)
    assert error.code == "ValidationException"
    world.call("CreateLaunchConfigurationTemplate", exportBucketArn="arn:aws:s3:::templates")
    answer = world.call("ExportSourceNetworkCfnTemplate", sourceNetworkID=network)
    key = f"{network}/{VPC}-2026-03-01T02-00-00.json"
    assert answer == {"s3DestinationUrl": f"s3://templates/{key}"}
    (exported,) = world.events("drs.network.export")
    assert (exported.network, exported.bucket, exported.key) == (network, "templates", key)
    assert exported.template["AWSTemplateFormatVersion"] == "2010-09-09"


def test_a_server_shows_the_network_that_it_is_in(world: Networks) -> None:
    inside, outside = world.add("a", "b")
    network = world.region.add_source_network(VPC, ORIGIN, servers=["a"]).id
    assert world.server(inside)["sourceNetworkID"] == network
    assert "sourceNetworkID" not in world.server(outside)
    world.call("StopSourceNetworkReplication", sourceNetworkID=network)
    world.call("DeleteSourceNetwork", sourceNetworkID=network)
    assert "sourceNetworkID" not in world.server(inside)


def test_only_faults_that_exist_can_be_injected(world: Networks) -> None:
    network = world.protected()
    with pytest.raises(ValueError, match=", ".join(NETWORK_FAULTS)):
        world.break_network(network, "FIRE")
    with pytest.raises(ValueError, match="no source network 'sn-1'"):
        world.break_network("sn-1", "DEPLOYMENT")


def test_everything_about_networks_is_the_same_for_the_same_seed() -> None:
    def story() -> str:
        world = World(seed=7)
        network = world.region.add_source_network(VPC, ORIGIN).id
        world.call("StartSourceNetworkRecovery", sourceNetworks=[{"sourceNetworkID": network}])
        world.pass_seconds(HOUR)
        return world.journal.to_jsonl()

    assert story() == story()
