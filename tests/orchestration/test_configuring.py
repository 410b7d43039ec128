"""Launch configuration, before a wave starts: what is changed, what is recorded, and what becomes of refusals."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.stub import Stubber

from orchestration import clients, configuring, policy, record, store
from orchestration.handler import handler
from orchestration.launch_changes import wave_configured
from orchestration.plan import InvalidPlan, read_plan
from orchestration.record import wave_of
from tests.orchestration.conftest import CONTEXT, NOW, SERVERS, Account

FIELDS = "rightSizing, copyTags, copyPrivateIp, launchDisposition, instanceType, subnetId"
SORTED = "copyPrivateIp, copyTags, instanceType, launchDisposition, rightSizing, subnetId"
TEMPLATE = "lt-0a000000000000000"


def started(account: Account, settings: dict[str, Any], **wave: Any) -> None:
    """An execution e-1 of one wave with two servers."""
    data = {"name": "data", "servers": list(SERVERS[:2]), "launchConfiguration": settings, **wave}
    account.started(plan={"waves": [data]})


def configure() -> Any:
    return handler({"action": "configure_wave", "executionId": "e-1", "wave": "data", "attempt": 0}, CONTEXT)


def data(account: Account) -> dict[str, Any]:
    return wave_of(account.record(), "data")


def has(account: Account, server: str, **settings: Any) -> None:
    """DRS tells how a server is launched now."""
    answer = {"sourceServerID": server, "ec2LaunchTemplateID": TEMPLATE, **settings}
    account.drs.add_response("get_launch_configuration", answer, {"sourceServerID": server})


def gets(account: Account, server: str, **settings: Any) -> None:
    """DRS takes a change."""
    account.drs.add_response("update_launch_configuration", {}, {"sourceServerID": server, **settings})


def test_what_differs_is_recorded_for_all_servers_and_only_then_changed(account: Account) -> None:
    started(account, {"copyTags": True, "rightSizing": "BASIC", "launchDisposition": "STOPPED"})
    now = {"copyTags": False, "targetInstanceTypeRightSizingMethod": "BASIC", "launchDisposition": "STARTED"}
    has(account, SERVERS[0], **now)
    has(account, SERVERS[1], **now | {"copyTags": True, "launchDisposition": "STOPPED"})
    assert configure() == {"status": "CONFIGURING"}
    assert [server["launchSettingsBefore"] for server in data(account)["servers"]] == [
        {"copyTags": False, "launchDisposition": "STARTED"}, {}
    ]  # fmt: skip
    assert data(account)["status"] == "CONFIGURING"
    gets(account, SERVERS[0], copyTags=True, launchDisposition="STOPPED")
    assert configure() == configure() == {"status": "CONFIGURED"}


def test_an_invocation_does_what_it_has_time_for(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuring, "MAX_TIME", configuring.MAX_TIME * 0)
    started(account, {"copyTags": True})
    assert configure() == {"status": "CONFIGURING"}


def test_throttling_keeps_what_was_done_and_is_passed_on_if_nothing_was(account: Account) -> None:
    started(account, {"copyTags": True})
    account.drs.add_client_error("get_launch_configuration", "ThrottlingException", "slow down", 429)
    with pytest.raises(Exception, match="slow down") as raised:
        configure()
    assert type(raised.value).__name__ == "ThrottlingException"
    has(account, SERVERS[0], copyTags=False)
    account.drs.add_client_error("get_launch_configuration", "ConflictException", "in a job", 409)
    assert configure() == {"status": "CONFIGURING"}
    assert "launchSettingsBefore" not in data(account)["servers"][1]
    has(account, SERVERS[1], copyTags=True)
    assert configure() == {"status": "CONFIGURING"}


def refused_once(account: Account) -> None:
    has(account, SERVERS[0], copyTags=False)
    has(account, SERVERS[1], copyTags=False)
    configure()
    account.drs.add_client_error("update_launch_configuration", "ValidationException", "no such thing", 400)
    gets(account, SERVERS[1], copyTags=True)


def test_a_refusal_fails_the_wave_with_the_server_s_reason(account: Account) -> None:
    started(account, {"copyTags": True})
    refused_once(account)
    assert configure() == {"status": "FAILED"}
    refused, configured = data(account)["servers"]
    assert (refused["launchStatus"], configured["launchStatus"]) == ("FAILED", "NOT_STARTED")
    assert refused["reason"].startswith("its launch configuration: ")
    assert refused["reason"].endswith("no such thing")
    assert account.record()["stoppedBy"] == "data"


def test_with_retries_only_the_refused_server_is_configured_again_and_not_for_ever(account: Account) -> None:
    started(account, {"copyTags": True}, retries=1)
    refused_once(account)
    assert configure() == {"status": "RETRYING"}
    account.drs.add_client_error("update_launch_configuration", "ValidationException", "no such thing", 400)
    assert configure() == {"status": "FAILED"}


def test_an_operator_decides_where_the_plan_says_so(account: Account) -> None:
    started(account, {"copyTags": True}, onFailure="pause")
    refused_once(account)
    assert configure() == {"status": "AWAITING_OPERATOR"}


def test_a_cancelled_execution_configures_nothing(account: Account) -> None:
    started(account, {"copyTags": True})
    store.update("e-1", lambda now: now | {"cancelled": {"by": "ops"}})
    with pytest.raises(Exception, match="was cancelled before wave data started"):
        configure()


def test_a_wave_without_a_launch_configuration_or_that_runs_is_left_alone(account: Account) -> None:
    account.started()
    assert configure() == {"status": "CONFIGURED"}


def test_the_state_machine_is_told_to_configure_first() -> None:
    plain = {"name": "a", "status": "NOT_STARTED", "servers": [{}], "dependsOn": [], "turnToken": "t"}
    waves = [plain, plain | {"name": "b", "turnToken": "u", "launchConfiguration": {"copyTags": True}}]
    told = {token: output for _, token, output in policy.answers({"waves": waves})}
    assert (told["t"]["decision"], told["u"]["decision"]) == ("START", "CONFIGURE")


@pytest.fixture
def ec2(account: Account) -> Iterator[Stubber]:
    with Stubber(clients.client("ec2")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def described(ec2: Stubber, **template: Any) -> None:
    versions = {"LaunchTemplateVersions": [{"LaunchTemplateData": template}]}
    ec2.add_response("describe_launch_template_versions", versions, {"LaunchTemplateId": TEMPLATE, "Versions": ["$Default"]})


def test_a_subnet_and_a_type_become_the_template_s_new_default_version(account: Account, ec2: Stubber) -> None:
    started(account, {"rightSizing": "NONE", "instanceType": "m5.large", "subnetId": "subnet-0b"}, servers=[SERVERS[0]])
    interface = {"DeviceIndex": 0, "SubnetId": "subnet-0a", "Groups": ["sg-0a"]}
    template = {"InstanceType": "c5.large", "NetworkInterfaces": [interface, {"DeviceIndex": 1}]}
    has(account, SERVERS[0], targetInstanceTypeRightSizingMethod="NONE")
    described(ec2, **template)
    assert configure() == {"status": "CONFIGURING"}
    assert data(account)["servers"][0]["launchSettingsBefore"] == {"instanceType": "c5.large", "subnetId": "subnet-0a"}
    has(account, SERVERS[0])
    described(ec2, **template)
    asked = {
        "LaunchTemplateId": TEMPLATE,
        "SourceVersion": "$Default",
        "LaunchTemplateData": {
            "InstanceType": "m5.large",
            "NetworkInterfaces": [interface | {"SubnetId": "subnet-0b"}, {"DeviceIndex": 1}],
        },
    }
    ec2.add_response("create_launch_template_version", {"LaunchTemplateVersion": {"VersionNumber": 7}}, asked)
    ec2.add_response("modify_launch_template", {}, {"LaunchTemplateId": TEMPLATE, "DefaultVersion": "7"})
    assert configure() == {"status": "CONFIGURED"}


@pytest.mark.parametrize(
    ("settings", "pointer", "message"),
    [
        ([], "", f"launchConfiguration is an object with some of {FIELDS}"),
        ({"rightSizing": "SMALL"}, "/rightSizing", "rightSizing must be one of NONE, BASIC, IN_AWS"),
        ({"copyTags": "yes"}, "/copyTags", "copyTags must be true or false"),
        ({"colour": 1}, "/colour", f"a launchConfiguration has no field 'colour'; it has {SORTED}"),
        ({"instanceType": "m5.large"}, "",
         "wave 'data': an instanceType needs rightSizing NONE, otherwise DRS chooses another"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_launch_configuration_is_told(settings: Any, pointer: str, message: str) -> None:
    wave = {"name": "data", "servers": [SERVERS[0]], "launchConfiguration": settings}
    with pytest.raises(InvalidPlan) as invalid:
        read_plan({"planId": "erp", "waves": [wave]})
    told = [(flaw.pointer, flaw.message) for flaw in invalid.value.flaws]
    assert told == [(f"/waves/0/launchConfiguration{pointer}", message)]


def test_a_wave_s_settings_go_before_the_plan_s() -> None:
    wave = {"name": "data", "servers": [SERVERS[0]], "launchConfiguration": {"copyTags": False}}
    plan = {"planId": "erp", "waves": [wave], "launchConfiguration": {"copyTags": True, "copyPrivateIp": True}}
    assert read_plan(plan).waves[0].launch_configuration == {"copyTags": False, "copyPrivateIp": True}


def test_a_record_has_room_for_what_was_there_before() -> None:
    settings = {"rightSizing": "IN_AWS", "subnetId": "subnet-0d111000000000000"}
    servers = [f"s-{number:017d}" for number in range(100)]
    plan = read_plan({"planId": "erp", "waves": [{"name": "a", "servers": servers, "launchConfiguration": settings}]})
    fresh = record.new_record("e-1", plan, is_drill=True, now=NOW)
    full = {server: {"launchSettingsBefore": settings, "isConfigured": False} for server in servers}
    assert len(str(wave_configured(fresh, "a", full))) < record.full_bytes(fresh)
