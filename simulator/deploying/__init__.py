"""Hands packages to CloudFormation, AWS's or that of a served account: a client, which knows nothing of the simulation."""
