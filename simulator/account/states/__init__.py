"""The Step Functions API of the simulated account, on our engine."""
