"""Roles allow what the code does in all scenarios, and nothing that it does not."""

from fnmatch import fnmatch
from typing import Any

import pytest

from simulator.account.cloudformation.roles import managed_policies
from simulator.account.world import ACCOUNT_ID
from simulator.journal import ApiCall
from tests.cfn.templates import of_type, template
from tests.shared_runs import SharedRuns, shipped

# What a call needs where its permission is not called after it. A job's tags need one of their own.
NEEDS = {
    "ssm:StartAutomationExecution": {"ssm:StartAutomationExecution", "iam:PassRole"},
    "monitoring:DescribeAlarms": {"cloudwatch:DescribeAlarms"},
    "lambda:Invoke": {"lambda:InvokeFunction"},
    "drs:StartRecovery": {"drs:StartRecovery", "drs:TagResource"},
}
ELSEWHERE = "other accounts"  # whoever calls there does so with the role that they have for it
# What Lambda, Step Functions and SNS do with a role, not the code.
BY_THE_RUNTIME = ("logs:", "xray:", "sqs:", "kms:", "lambda:")


@pytest.fixture(scope="module")
def used(pytestconfig: pytest.Config, shared_runs: SharedRuns) -> dict[str, set[str]]:
    """The permissions that each function's calls need, over all scenarios."""
    needed: dict[str, set[str]] = {}
    for scenario in shipped(pytestconfig):
        for _, call in shared_runs.run(scenario, scenario.run.seed).journal.of(ApiCall):
            name = f"{call.service}:{call.operation}"
            caller = "StateMachine" if call.caller.startswith("states:") else call.caller
            permissions = written(call) if "Transact" in name else NEEDS.get(name, {name})
            needed.setdefault(caller, set()).update(permissions)
            if call.account not in ("", ACCOUNT_ID):
                needed.setdefault(ELSEWHERE, set()).update(permissions)
    return needed


def written(call: ApiCall) -> set[str]:
    """A transaction needs the permissions of the writes in it."""
    request: Any = call.request
    return {f"dynamodb:{kind}Item" for item in request["TransactItems"] for kind in item}


def allowed(role: dict[str, Any]) -> set[str]:
    statements = [one for policy in role["Policies"] for one in policy["PolicyDocument"]["Statement"]]
    actions = [one["Action"] for one in statements]
    return {action for some in actions for action in (some if isinstance(some, list) else [some])}


def roles() -> dict[str, set[str]]:
    functions = of_type(template("functions"), "AWS::IAM::Role")
    machine = of_type(template("machine"), "AWS::IAM::Role")
    own = {name.replace("Role", "Function"): allowed(role) for name, role in functions.items()}
    return own | {"StateMachine": allowed(machine["Role"])}


@pytest.mark.parametrize(
    "caller", ["ApiFunction", "OrchestrationFunction", "EventsFunction", "ProbeFunction", "StateMachine"]
)
def test_a_role_allows_exactly_what_is_done_with_it(caller: str, used: dict[str, set[str]]) -> None:
    done, may = used.get(caller, set()), roles()[caller]
    assert done - may == set()
    assert {action for action in may - done if not action.startswith(BY_THE_RUNTIME)} == set()


def of_aws(name: str) -> set[str]:
    """The actions that a managed policy of AWS allows, as moto has it; `drs:*` for all of a service."""
    return allowed({"Policies": [{"PolicyDocument": managed_policies()[name]["Document"]}]})


def test_the_role_in_other_accounts_allows_what_is_done_there_and_little_more(used: dict[str, set[str]]) -> None:
    (role, *_) = of_type(template("accounts/recovery-role"), "AWS::IAM::Role").values()
    (managed,) = [one["Fn::Sub"].rpartition("/")[2] for one in role["ManagedPolicyArns"]]
    own, done = allowed(role), used[ELSEWHERE]
    assert len(done) > 5
    assert {action for action in done if not any(fnmatch(action, one) for one in own | of_aws(managed))} == set()
    assert own <= roles()["OrchestrationFunction"] | done


def test_no_statement_allows_everything_of_a_service() -> None:
    for name, actions in roles().items():
        assert not [action for action in actions if "*" in action], name
