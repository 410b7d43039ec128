"""Step Functions' service integrations: what a Task state's resource does in the simulated account."""
