"""A record as people see it: without what lets somebody act in its name."""

from orchestration.record import Record

_PLACED = ("waves", "cleanUpJobs")  # what a record says with the place that it is in
_OURS = ("listed", "requestDigest", "wholeVersion")  # of no use to anybody else


def shown(record: Record) -> Record:
    """A record without task tokens, with which a wait could be ended past all rules, and without external ids.

    A member of the record, or of a wave, that holds tokens is called so: `turnToken`, `wakeTokens`.
    """
    told = {name: value for name, value in record.items() if not _is_token(name) and name not in _OURS}
    return told | {name: [_shown_part(one) for one in record[name]] for name in _PLACED if name in record}


def _shown_part(one: Record) -> Record:
    told = {name: value for name, value in one.items() if not _is_token(name)}
    if "place" not in one:
        return told
    return told | {"place": {name: value for name, value in one["place"].items() if name != "externalId"}}


def _is_token(name: str) -> bool:
    return name.endswith(("Token", "Tokens"))
