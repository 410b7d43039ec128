"""AWS Elastic Disaster Recovery, as it behaves towards its API's callers. Knows nothing of Step Functions or boto3."""
