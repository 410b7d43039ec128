import boto3
from boto3.dynamodb.conditions import Key
from shared import WORD

count = 0
dynamodb, s3, ssm = boto3.resource("dynamodb"), boto3.client("s3"), boto3.client("ssm")
plans = dynamodb.Table("Plans")


def handler(event, context):
    global count
    count += 1
    ready = Key("State").eq("ready") & Key("Sequence").gt(1)
    return {
        "Plans": [plan["PlanId"] for plan in plans.query(IndexName="ByState", KeyConditionExpression=ready)["Items"]],
        "Config": s3.get_object(Bucket="configs", Key="config.json")["Body"].read().decode().strip(),
        "Mode": ssm.get_parameter(Name="/failover/mode")["Parameter"]["Value"],
        "Document": ssm.get_document(Name="ApproveFailover")["DocumentType"],
        "Shared": WORD,
        "Count": count,
    }
