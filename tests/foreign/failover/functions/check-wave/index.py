import boto3

drs = boto3.client("drs")


def handler(event, context):
    wave = event["Wave"]
    (job,) = drs.describe_jobs(filters={"jobIDs": [wave["JobId"]]})["items"]
    if job["status"] != "COMPLETED":
        return {**event, "Wave": {**wave, "State": "RUNNING"}}
    statuses = {server["sourceServerID"]: server["launchStatus"] for server in job["participatingServers"]}
    is_launched = all(status == "LAUNCHED" for status in statuses.values())
    return {**event, "Wave": {**wave, "State": "LAUNCHED" if is_launched else "FAILED", "Servers": statuses}}
