import os

import boto3

sns = boto3.client("sns")


def handler(event, context):
    if "detail" in event:  # EventBridge tells of the execution's end
        event = {"Subject": f"Failover {event['detail']['status']}", "Message": event["detail"]["executionArn"]}
    sns.publish(TopicArn=os.environ["TOPIC"], Subject=event["Subject"], Message=event["Message"])
