"""AWS as a target: a scenario is run as a drill by the stack that is deployed, and read back from what AWS tells.

Nothing is simulated: DRS launches instances, which cost money, and time is real. AWS tells the history of the execution,
the jobs of DRS with their logs, and the orchestrator's record; what was called, logged and published is not seen.
"""
