"""Identifiers, instants and durations as DRS writes them."""

from datetime import datetime, timedelta
from hashlib import blake2b

from simulator.rng import Chance

# The first hexadecimal digit of an id tells its Region.
_REGION_DIGITS = {"us-east-1": "3", "us-east-2": "4", "us-west-2": "5"}


def region_digit(region: str) -> str:
    """The digit that ids of a Region begin with; for a Region where it is not known, one that stays the same."""
    return _REGION_DIGITS.get(region) or digits(region, 1)


def digits(text: str, count: int) -> str:
    """`count` (up to 64) hexadecimal digits that depend on a text and on nothing else."""
    return blake2b(text.encode(), digest_size=32).hexdigest()[:count]


def server_id(account_id: str, region: str, name: str, digit: str) -> str:
    """A source server's id: a function of where it is and its name alone, so that runs of any seed can be compared.

    `digit` is the first one of ids there.
    """
    return f"s-{digit}{digits(f'{account_id}/{region}/{name}', 16)}"


def job_id(chance: Chance, digit: str, key: str) -> str:
    """The id of the job with a key, in a Region whose ids begin with a digit."""
    return f"drsjob-{digit}{chance.stream('drs.job', key).hex(16)}"


def instance_id(chance: Chance, server: str, number: int) -> str:
    """The EC2 instance that the `number`th launch of a server makes; it is the recovery instance's id too."""
    return f"i-0{chance.stream('drs.instance', f'{server}/{number}').hex(16)}"


def conversion_server_id(chance: Chance, server: str, number: int) -> str:
    """The EC2 instance that converts a server's volumes for its `number`th launch."""
    return f"i-0{chance.stream('drs.conversion', f'{server}/{number}').hex(16)}"


def arn(account_id: str, region: str, kind: str, identifier: str) -> str:
    """An ARN of the service: `arn:aws:drs:us-east-1:123456789012:source-server/s-...`."""
    return f"arn:aws:drs:{region}:{account_id}:{kind}/{identifier}"


def parts(named: str) -> tuple[str, str, str]:
    """The Region, the account and the id in an ARN of the service."""
    _, _, _, region, account_id, resource = named.split(":", 5)
    return region, account_id, resource.partition("/")[2]


def instant(moment: datetime) -> str:
    """An instant as the real service writes it: microseconds and `+00:00`, not the `Z` of its model."""
    return moment.isoformat(timespec="microseconds")


def duration(milliseconds: int) -> str:
    """A duration in ISO 8601, days first: `P2DT1H32M12.136S`; none at all is `P0D`."""
    span = timedelta(milliseconds=max(milliseconds, 0))
    minutes, seconds = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M")) if count]
    if seconds or span.microseconds:
        parts.append(f"{seconds + span.microseconds / 1e6:g}S")
    date = f"P{span.days}D" if span.days or not parts else "P"
    return date + ("T" + "".join(parts) if parts else "")
