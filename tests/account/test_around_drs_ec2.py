"""What EC2 shows of DRS: instances, volumes, conversion servers, snapshots, launch templates."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID, World
from simulator.drs import identifiers
from simulator.drs.faults import ServerFault
from simulator.drs.settings import Distribution, Profile, Settings, SystemBoot

START = datetime(2026, 3, 1, 2, tzinfo=UTC)
PROFILE = Profile(
    pending=Distribution(1),
    cleanup=Distribution(60),
    snapshot=Distribution(1),
    queue=Distribution(50),
    conversion=Distribution(100),
    launch=Distribution(200),
    boot=Distribution(40),
    finish=Distribution(2),
    terminate=Distribution(30),
)
# When a drill of one server is where, in seconds after StartRecovery was answered.
CONVERTING, CONVERTED, BOOTING, LAUNCHED = 57, 160, 330, 360


class Site:
    """A world with a few source servers, in which a process of the test acts."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.drs, self.ec2 = (moto_services.client(name, "us-east-1", ACCOUNT_ID) for name in ("drs", "ec2"))

    def run(self, act: Callable[[], Any]) -> Any:
        process = self.world.clock.spawn("test", act)
        self.world.clock.run()
        return process.value

    def sleep(self, seconds: float) -> None:
        self.world.clock.sleep_ms(round(seconds * 1000))

    def add(self, name: str, **more: Any) -> str:
        return self.world.drs.region(ACCOUNT_ID, "us-east-1").add_source_server(name, profile="pinned", **more).id

    def drill(self, *servers: str) -> str:
        asked = [{"sourceServerID": server} for server in servers]
        job: str = self.drs.start_recovery(sourceServers=asked, isDrill=True)["job"]["jobID"]
        return job

    def instances(self) -> list[dict[str, Any]]:
        found = self.ec2.describe_instances()["Reservations"]
        return [instance for reservation in found for instance in reservation["Instances"]]

    def states(self) -> dict[str, str]:
        return {instance["InstanceId"]: instance["State"]["Name"] for instance in self.instances()}

    def recovered(self) -> Any:
        (instance,) = self.drs.describe_recovery_instances()["items"]
        return instance


def tags(thing: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in thing["Tags"]}


@contextmanager
def opened(seed: int = 1, **more: Any) -> Iterator[Site]:
    zero = Distribution(0)
    settings = Settings(
        profiles={"pinned": PROFILE},
        read_latency=zero,
        write_latency=zero,
        log_lag=zero,
        instance_lag=zero,
        rates=None,
        **more,
    )
    world = World(seed, START, "us-east-1", settings)
    world.drs.region(ACCOUNT_ID, "us-east-1").initialize()
    with world.installed():
        world.account.is_recording = True
        yield Site(world)


@pytest.fixture
def site() -> Iterator[Site]:
    with opened() as ready:
        yield ready


def test_a_drills_instance_has_drss_id_and_its_tags(site: Site) -> None:
    server = site.add("web-1", tags={"tier": "web"})

    def act() -> tuple[Any, Any]:
        site.drill(server)
        site.sleep(LAUNCHED)
        (running,) = [one for one in site.instances() if one["State"]["Name"] == "running"]
        return running, site.recovered()

    running, recovered = site.run(act)
    assert running["InstanceId"] == recovered["recoveryInstanceID"]
    assert running["InstanceType"] == "c5.large"
    assert tags(running) == {
        "AWSElasticDisasterRecoveryManaged": "drs.amazonaws.com",
        "AWSElasticDisasterRecoverySourceServerID": server,
        "Name": "web-1",
    }
    (mapping,) = running["BlockDeviceMappings"]
    (disk,) = recovered["recoveryInstanceProperties"]["disks"]
    assert mapping["Ebs"]["VolumeId"] == disk["ebsVolumeID"]


def test_tags_of_the_server_are_copied_if_it_is_configured_so(site: Site) -> None:
    server = site.add("web-1", tags={"tier": "web"})

    def act() -> Any:
        site.drs.update_launch_configuration(sourceServerID=server, copyTags=True)
        site.drill(server)
        site.sleep(LAUNCHED)
        return site.instances()

    assert {tags(one).get("tier") for one in site.run(act) if one["InstanceType"] == "c5.large"} == {"web"}


def test_an_instance_is_pending_runs_shuts_down_and_is_terminated(site: Site) -> None:
    server = site.add("web-1")

    def act() -> list[str]:
        site.drill(server)
        identifier = identifiers.instance_id(site.world.chance, server, 1)
        seen = []
        for seconds in (BOOTING, LAUNCHED - BOOTING):
            site.sleep(seconds)
            seen.append(site.states().get(identifier, "absent"))
        site.drs.terminate_recovery_instances(recoveryInstanceIDs=[identifier])
        for seconds in (10, 30):
            site.sleep(seconds)
            seen.append(site.states()[identifier])
        return seen

    assert site.run(act) == ["pending", "running", "shutting-down", "terminated"]


def test_the_launch_time_is_when_it_booted_however_late_somebody_looks(site: Site) -> None:
    server = site.add("web-1")

    def act() -> Any:
        site.drill(server)
        site.sleep(3600)
        return {one["InstanceType"]: one["LaunchTime"].isoformat() for one in site.instances()}

    assert site.run(act) == {"m4.large": "2026-03-01T02:00:55+00:00", "c5.large": "2026-03-01T02:05:12+00:00"}


def test_a_stopped_launch_leaves_a_stopped_instance(site: Site) -> None:
    server = site.add("web-1")

    def act() -> Any:
        site.drs.update_launch_configuration(sourceServerID=server, launchDisposition="STOPPED")
        site.drill(server)
        site.sleep(LAUNCHED)
        return sorted(site.states().values())

    assert site.run(act) == ["stopped", "terminated"]


def test_each_server_has_a_conversion_server_while_it_is_converted(site: Site) -> None:
    servers = [site.add("a"), site.add("b")]

    def act() -> list[list[Any]]:
        job = site.drill(*servers)
        looks: list[list[Any]] = []
        for seconds in (CONVERTING - 2, 2, CONVERTED - CONVERTING):
            site.sleep(seconds)
            looks.append([(one["InstanceType"], one["State"]["Name"]) for one in site.instances()])
        converter = next(one for one in site.instances() if one["InstanceType"] == "m4.large")
        looks.append([tags(converter)["drs.amazonaws.com-job"] == job, tags(converter)["Name"]])
        return looks

    before, during, after, tagged = site.run(act)
    assert before == []
    assert during == [("m4.large", "running")] * 2
    assert after == [("m4.large", "terminated")] * 2
    assert tagged == [True, "AWS Elastic Disaster Recovery Conversion Server"]


def test_the_log_names_the_conversion_server_that_ec2_shows(site: Site) -> None:
    server = site.add("a")

    def act() -> tuple[str, list[str]]:
        job = site.drill(server)
        site.sleep(LAUNCHED)
        log = site.drs.describe_job_log_items(jobID=job)["items"]
        (ended,) = [item["eventData"] for item in log if item["event"] == "CONVERSION_END"]
        return ended["conversionServerID"], [
            one["InstanceId"] for one in site.instances() if one["InstanceType"] == "m4.large"
        ]

    named, shown = site.run(act)
    assert shown == [named]


def test_a_conversion_that_hangs_keeps_its_server(site: Site) -> None:
    server = site.add("a")
    site.world.drs.region(ACCOUNT_ID, "us-east-1").inject(ServerFault("f", "a", "CONVERSION", "HANG"))

    def act() -> Any:
        site.drill(server)
        site.sleep(7200)
        return list(site.states().values())

    assert site.run(act) == ["running"]


def test_snapshots_and_volumes_of_a_job_go_with_it(site: Site) -> None:
    server = site.add("a", volume_gib=20)

    def look() -> tuple[list[int], list[tuple[int, str]]]:
        mine = [{"Name": "tag-key", "Values": ["drs.amazonaws.com-job"]}]
        snapshots = site.ec2.describe_snapshots(Filters=mine)["Snapshots"]
        volumes = site.ec2.describe_volumes()["Volumes"]
        return [one["VolumeSize"] for one in snapshots], sorted((one["Size"], one["State"]) for one in volumes)

    def act() -> Any:
        site.drill(server)
        looks = []
        for seconds in (20, CONVERTING - 20, LAUNCHED - CONVERTING):
            site.sleep(seconds)
            looks.append(look())
        return looks

    snapshot, converting, launched = site.run(act)
    assert snapshot == ([20], [])
    assert converting == ([20], [(8, "in-use"), (20, "in-use")])
    assert launched == ([], [(20, "in-use")])


def test_an_instance_is_launched_from_an_image_that_goes_with_its_job(site: Site) -> None:
    server = site.add("a")

    def look() -> list[tuple[str, str]]:
        images = site.ec2.describe_images(Owners=["self"])["Images"]
        return [(image["ImageId"], tags(image)["drs.amazonaws.com-source-server"]) for image in images]

    def act() -> Any:
        site.drill(server)
        site.sleep(CONVERTED + 10)
        launching = look()
        site.sleep(LAUNCHED - CONVERTED - 10)
        (image,) = [one["ImageId"] for one in site.instances() if one["State"]["Name"] == "running"]
        return launching, image, look()

    launching, image, launched = site.run(act)
    assert (launching, launched) == ([(image, server)], [])


def test_every_disk_has_a_snapshot_and_a_volume(site: Site) -> None:
    server = site.add("a", volumes_gib=(8, *[2] * 23))

    def act() -> Any:
        site.drill(server)
        site.sleep(CONVERTING)
        converting = [(one["Size"], one["Attachments"][0]["Device"]) for one in site.ec2.describe_volumes()["Volumes"]]
        mine = [{"Name": "tag-key", "Values": ["drs.amazonaws.com-job"]}]
        sizes = sorted(one["VolumeSize"] for one in site.ec2.describe_snapshots(Filters=mine)["Snapshots"])
        site.sleep(LAUNCHED - CONVERTING)
        return converting, sizes, [len(one["BlockDeviceMappings"]) for one in site.instances()]

    converting, sizes, mappings = site.run(act)
    assert converting[:3] == [(8, "/dev/sda1"), (8, "/dev/sdf"), (2, "/dev/sdg")]
    assert converting[-3:] == [(2, "/dev/xvdbf"), (2, "/dev/xvdbg"), (2, "/dev/xvdbh")]
    assert sizes == [*[2] * 23, 8]
    assert mappings[-1] == 24


def test_a_second_drill_replaces_the_first_ones_instance(site: Site) -> None:
    server = site.add("a")

    def act() -> Any:
        for _ in range(2):
            site.drill(server)
            site.sleep(LAUNCHED + 70)
        return [one["State"]["Name"] for one in site.instances() if one["InstanceType"] == "c5.large"]

    assert site.run(act) == ["terminated", "running"]


def test_a_launch_that_fails_leaves_no_instance(site: Site) -> None:
    server = site.add("a")
    site.world.drs.region(ACCOUNT_ID, "us-east-1").inject(ServerFault("f", "a", "LAUNCH", "FAILED", "no capacity"))

    def act() -> Any:
        site.drill(server)
        site.sleep(LAUNCHED)
        return [(one["InstanceType"], one["State"]["Name"]) for one in site.instances()]

    assert site.run(act) == [("m4.large", "terminated")]


def test_the_launch_template_is_the_users_to_edit_and_a_launch_adds_a_version(site: Site) -> None:
    server = site.add("a")

    def act() -> Any:
        template = site.drs.get_launch_configuration(sourceServerID=server)["ec2LaunchTemplateID"]
        subnet = site.ec2.describe_subnets()["Subnets"][-1]["SubnetId"]
        data = {
            "InstanceType": "r5.xlarge",
            "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": subnet}],
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "owner", "Value": "dr"}]}],
        }
        edited = site.ec2.create_launch_template_version(
            LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData=data
        )
        site.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
        site.drs.update_launch_configuration(sourceServerID=server, targetInstanceTypeRightSizingMethod="NONE")
        site.drill(server)
        site.sleep(LAUNCHED)
        (described,) = site.ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"]
        (running,) = [one for one in site.instances() if one["State"]["Name"] == "running"]
        assert edited["LaunchTemplateVersion"]["VersionNumber"] == 2
        return described, running, subnet

    described, running, subnet = site.run(act)
    assert (described["DefaultVersionNumber"], described["LatestVersionNumber"]) == (3, 3)
    assert tags(described)["AWSElasticDisasterRecoverySourceServerID"] == server
    assert (running["InstanceType"], running["SubnetId"]) == ("r5.xlarge", subnet)
    assert tags(running)["owner"] == "dr"


def test_right_sizing_overwrites_the_templates_type(site: Site) -> None:
    server = site.add("a")

    def act() -> Any:
        template = site.drs.get_launch_configuration(sourceServerID=server)["ec2LaunchTemplateID"]
        site.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData={"InstanceType": "t3.nano"})
        site.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
        site.drill(server)
        site.sleep(LAUNCHED)
        versions = site.ec2.describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"]
        return [version["LaunchTemplateData"]["InstanceType"] for version in versions]

    assert site.run(act) == ["c5.large", "t3.nano", "c5.large"]


def test_status_checks_pass_once_the_system_is_up(site: Site) -> None:
    server = site.add("a")

    def act() -> list[str]:
        site.drill(server)
        seen = []
        for seconds in (LAUNCHED, 1200):
            site.sleep(seconds)
            (status,) = site.ec2.describe_instance_status()["InstanceStatuses"]
            seen.append(status["InstanceStatus"]["Status"])
        return seen

    assert site.run(act) == ["initializing", "ok"]


def test_how_long_a_system_takes_to_come_up_is_a_setting() -> None:
    with opened(system_boot=SystemBoot(linux=Distribution(1000))) as site:
        server = site.add("a")

        def act() -> list[str]:
            site.drill(server)
            site.sleep(LAUNCHED)
            looks = []
            for seconds in (900, 100):
                site.sleep(seconds)
                (one,) = site.ec2.describe_instance_status()["InstanceStatuses"]
                looks.append(one["InstanceStatus"]["Status"])
            return looks

        assert site.run(act) == ["initializing", "ok"]


def test_the_journal_is_the_same_whether_or_not_somebody_looks_at_ec2_early() -> None:
    def journal(looks_early: bool) -> tuple[list[str], str]:
        with opened() as site:
            server = site.add("a")

            def act() -> Any:
                if looks_early:
                    site.world.account.is_recording = False
                    site.ec2.describe_instances()
                    site.world.account.is_recording = True
                else:
                    site.sleep(0.01)
                site.drill(server)
                site.sleep(100)
                if looks_early:
                    site.world.account.is_recording = False
                    site.ec2.describe_instances()
                    site.world.account.is_recording = True
                else:
                    site.sleep(0.01)
                site.sleep(LAUNCHED)
                described = site.ec2.describe_instances()
                site.ec2.describe_volumes()
                return described["Reservations"][0]["Instances"][0]["PrivateIpAddress"]

            address = site.run(act)
            return site.world.journal.to_jsonl().splitlines(), address

    assert journal(True) == journal(False)


def test_nobody_pays_for_ec2_who_does_not_ask_it(site: Site) -> None:
    server = site.add("a")

    def act() -> None:
        site.drill(server)
        site.sleep(LAUNCHED)

    site.run(act)
    assert not moto_services.uses("ec2")


def test_each_account_and_region_has_its_own_instances(site: Site) -> None:
    site.world.drs.region(ACCOUNT_ID, "us-west-2").initialize()
    server = site.add("a")

    def act() -> Any:
        site.drill(server)
        site.sleep(LAUNCHED)
        west = moto_services.client("ec2", "us-west-2", ACCOUNT_ID).describe_instances()["Reservations"]
        return west, len(site.instances())

    assert site.run(act) == ([], 2)


def test_an_extended_server_is_converted_in_its_staging_account(site: Site) -> None:
    staging_account = "222222222222"
    staging = site.world.drs.region(staging_account, "us-east-1")
    staging.initialize()
    staged = staging.add_source_server("a", profile="pinned")
    theirs = moto_services.client("ec2", "us-east-1", staging_account)

    def act() -> Any:
        site.drs.create_extended_source_server(sourceServerArn=staged.arn)
        (server,) = site.drs.describe_source_servers()["items"]
        site.drill(server["sourceServerID"])
        seen = set()
        for _ in range(60):
            site.sleep(60)
            there = [one for found in theirs.describe_instances()["Reservations"] for one in found["Instances"]]
            seen |= {("there", one["InstanceType"]) for one in there}
            seen |= {("here", one["InstanceType"]) for one in site.instances()}
        return seen

    seen = site.run(act)
    assert {where for where, kind in seen if kind == "m4.large"} == {"there"}
    assert {where for where, kind in seen if kind != "m4.large"} == {"here"}


def test_an_exported_network_template_is_in_the_bucket(site: Site) -> None:
    def act() -> Any:
        s3 = moto_services.client("s3", "us-east-1", ACCOUNT_ID)
        s3.create_bucket(Bucket="templates")
        asked = {"vpcID": "vpc-12345678", "originAccountID": ACCOUNT_ID, "originRegion": "us-west-2"}
        network = site.drs.create_source_network(**asked)["sourceNetworkID"]
        site.drs.create_launch_configuration_template(exportBucketArn="arn:aws:s3:::templates")
        site.drs.start_source_network_replication(sourceNetworkID=network)
        site.sleep(3600)
        url = site.drs.export_source_network_cfn_template(sourceNetworkID=network)["s3DestinationUrl"]
        return s3.get_object(Bucket="templates", Key=url.removeprefix("s3://templates/"))["Body"].read()

    assert json.loads(site.run(act))["AWSTemplateFormatVersion"] == "2010-09-09"
