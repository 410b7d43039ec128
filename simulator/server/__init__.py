"""The simulated account over HTTP, for any SDK, the AWS CLI and other engines."""
