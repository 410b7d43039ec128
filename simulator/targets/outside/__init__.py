"""Scenarios on a Step Functions of somebody else's, which calls our account over HTTP."""
