"""A handler that cannot be imported."""

SETTINGS = {}
TABLE = SETTINGS["EXECUTIONS_TABLE"]


def handler(event, context):
    return TABLE
