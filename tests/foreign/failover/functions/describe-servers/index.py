import boto3

drs = boto3.client("drs")


def handler(event, context):
    pages = drs.get_paginator("describe_source_servers").paginate(filters={"sourceServerIDs": event["Servers"]})
    return {
        server["sourceServerID"]: server["dataReplicationInfo"]["dataReplicationState"]
        for page in pages
        for server in page["items"]
    }
