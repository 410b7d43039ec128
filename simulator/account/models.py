"""What botocore calls the services that requests are signed for by other names."""

from collections.abc import Mapping

# botocore's names where they differ from the name a request is signed with, which is what we call a service.
_MODEL_NAMES: Mapping[str, str] = {
    "states": "stepfunctions",
    "monitoring": "cloudwatch",
    "email": "ses",
    "tagging": "resourcegroupstaggingapi",
    "elasticloadbalancing": "elbv2",
    "execute-api": "apigatewaymanagementapi",
    "aoss": "opensearchserverless",
    "aps": "amp",
    "connect-campaigns": "connectcampaigns",
    "elasticfilesystem": "efs",
    "elasticmapreduce": "emr",
    "iotdata": "iot-data",
    "lex": "lexv2-models",
    "mobiletargeting": "pinpoint",
    "servicequotas": "service-quotas",
    "sso": "sso-admin",
    "timestream": "timestream-write",
}
# Further models whose requests are signed with the name of another service.
_SIBLINGS: Mapping[str, tuple[str, ...]] = {
    "apigateway": ("apigatewayv2",),
    "aws-marketplace": ("meteringmarketplace",),
    "bedrock": ("bedrock-agent", "bedrock-runtime"),
    "bedrock-agentcore": ("bedrock-agentcore-control",),
    "cloudhsm": ("cloudhsmv2",),
    "connect-campaigns": ("connectcampaignsv2",),
    "dynamodb": ("dynamodbstreams",),
    "elasticloadbalancing": ("elb",),
    "es": ("opensearch",),
    "greengrass": ("greengrassv2",),
    "kinesisanalytics": ("kinesisanalyticsv2",),
    "kinesisvideo": ("kinesis-video-archived-media",),
    "mediastore": ("mediastore-data",),
    "rds": ("neptune", "docdb"),
    "s3": ("s3control",),
    "sagemaker": ("sagemaker-runtime", "sagemaker-metrics"),
    "ses": ("sesv2",),
    "timestream": ("timestream-query",),
}
_SIGNING_NAMES = {model: signing for signing, model in _MODEL_NAMES.items()}


def signing_name(service: str) -> str:
    """Our name of a service that a person may also call as boto3 does: `stepfunctions` is `states`."""
    return _SIGNING_NAMES.get(service, service)


def model_names(service: str) -> tuple[str, ...]:
    """Botocore's names of the models that have operations of a service, named by its signing name; the usual one first."""
    return (_MODEL_NAMES.get(service, service), *_SIBLINGS.get(service, ()))
