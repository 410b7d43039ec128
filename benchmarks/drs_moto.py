"""Moto's side of `benchmarks.drs`: microseconds to list and to start EC2 instances, as JSON."""

import json
import sys
from typing import Any

import boto3
from moto import mock_aws

from benchmarks.timing import median_us


def main() -> None:
    repeats = int(sys.argv[1])
    with mock_aws():
        ec2: Any = boto3.client("ec2", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]

        def run(number: int) -> list[str]:
            started = ec2.run_instances(ImageId=image, MinCount=number, MaxCount=number)["Instances"]
            return [instance["InstanceId"] for instance in started]

        def pages() -> int:
            paginator = ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 100})
            return sum(len(one["Instances"]) for page in paginator for one in page["Reservations"])

        first = run(100)
        listed = median_us(lambda: ec2.describe_instances(InstanceIds=first), repeats)
        run(200)
        paged = median_us(pages, max(3, repeats // 3))
        started = median_us(lambda: run(100), max(3, repeats // 5))
    print(
        json.dumps(
            {
                "DescribeInstances, 100 instances": listed,
                "DescribeInstances, 300 instances": paged,
                "RunInstances, 100 instances": started,
            }
        )
    )


if __name__ == "__main__":
    main()
