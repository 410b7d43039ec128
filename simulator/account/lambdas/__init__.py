"""The Lambda API: functions with their code, versions, aliases, layers and settings, and Invoke."""
