"""Records of executions that an earlier release has begun, as this one keeps them."""

from orchestration.record import LISTED, Record


def is_renewed(record: Record) -> bool:
    """Whether a record is as this release keeps it."""
    return "wholeVersion" in record


def renewed(record: Record) -> Record:
    """The same record, in its next version, with what writes of single waves, polls' tokens and the list of all need.

    Earlier, only the whole had a version, a wave had the token of its last poll itself, and the list had no order.
    """
    version = record["version"] + 1
    waves = [{name: value for name, value in wave.items() if name != "wakeToken"} for wave in record["waves"]]
    return record | {
        "listed": LISTED,
        "version": version,
        "wholeVersion": version,
        "waves": [wave | {"version": version} for wave in waves],
        "wakeTokens": {wave["name"]: wave["wakeToken"] for wave in record["waves"] if "wakeToken" in wave},
    }
