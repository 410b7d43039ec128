import os
from datetime import UTC, datetime

import boto3
from boto3.dynamodb.conditions import Key
from failover_common import STAGE, executions, plans

POLL_SECONDS = int(boto3.client("ssm").get_parameter(Name="/failover/poll-seconds")["Parameter"]["Value"])


class PlanNotFound(Exception):
    pass


def handler(event, context):
    plan = plans.get_item(Key={"PlanId": event["PlanId"]}).get("Item")
    if plan is None:
        raise PlanNotFound(event["PlanId"])
    earlier = executions.query(IndexName="PlanIndex", KeyConditionExpression=Key("PlanId").eq(event["PlanId"]))["Items"]
    execution_id = f"{event['PlanId']}-{len(earlier) + 1}"
    executions.put_item(
        Item={
            "ExecutionId": execution_id,
            "PlanId": event["PlanId"],
            "StartedAt": datetime.now(UTC).isoformat(),
            "Status": "RUNNING",
            "Stage": STAGE,
        }
    )
    waves = [
        {"Name": wave["Name"], "Servers": list(wave["Servers"]), "NeedsApproval": wave.get("NeedsApproval", False)}
        for wave in plan["Waves"]
    ]
    return {
        "ExecutionId": execution_id,
        "IsDrill": event.get("IsDrill", True),
        "PollSeconds": POLL_SECONDS,
        "RemainingWaves": waves,
        "Function": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
    }
