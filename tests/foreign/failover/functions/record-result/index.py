import json
import os

import boto3
from failover_common import executions

bucket = boto3.resource("s3").Bucket(os.environ["REPORT_BUCKET"])


def handler(event, context):
    execution_id = event["Context"]["ExecutionId"]
    executions.update_item(
        Key={"ExecutionId": execution_id},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "Status"},
        ExpressionAttributeValues={":status": event["Status"]},
    )
    bucket.put_object(Key=f"{execution_id}.json", Body=json.dumps(event, sort_keys=True).encode())
    return {"ExecutionId": execution_id, "Status": event["Status"]}
