"""Recovers source servers with AWS Elastic Disaster Recovery, wave by wave: the Lambda code behind the state machine."""
