"""What every function of the failover shares: in a layer, so at /opt/python."""

import os

import boto3

STAGE = os.environ["STAGE"]
_resource = boto3.resource("dynamodb")
plans = _resource.Table(os.environ["PLAN_TABLE"])
executions = _resource.Table(os.environ["EXECUTION_TABLE"])
