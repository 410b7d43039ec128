"""Identifiers and instants as DRS writes them."""

from datetime import datetime
from hashlib import blake2b

from simulator.rng import Chance

# The first hexadecimal digit of a server's or job's id tells its Region.
_REGION_DIGITS = {"us-east-1": "3", "us-east-2": "4", "us-west-2": "5"}


def region_digit(region: str) -> str:
    """The digit that ids of a Region begin with; for a Region where it is not known, one that stays the same."""
    return _REGION_DIGITS.get(region) or blake2b(region.encode(), digest_size=1).hexdigest()[0]


def server_id(account_id: str, region: str, name: str) -> str:
    """A source server's id: a function of where it is and its name alone, so that runs of any seed can be compared."""
    digest = blake2b(f"{account_id}/{region}/{name}".encode(), digest_size=8).hexdigest()
    return f"s-{region_digit(region)}{digest}"


def job_id(chance: Chance, account_id: str, region: str, number: int) -> str:
    """The id of the `number`th job of an account and Region."""
    return f"drsjob-{region_digit(region)}{chance.stream('drs.job', f'{account_id}/{region}/{number}').hex(16)}"


def instance_id(chance: Chance, server: str, number: int) -> str:
    """The EC2 instance that the `number`th launch of a server makes; it is the recovery instance's id too."""
    return f"i-0{chance.stream('drs.instance', f'{server}/{number}').hex(16)}"


def conversion_server_id(chance: Chance, server: str, number: int) -> str:
    """The EC2 instance that converts a server's volumes."""
    return f"i-0{chance.stream('drs.conversion', f'{server}/{number}').hex(16)}"


def arn(account_id: str, region: str, kind: str, identifier: str) -> str:
    """An ARN of the service: `arn:aws:drs:us-east-1:123456789012:source-server/s-...`."""
    return f"arn:aws:drs:{region}:{account_id}:{kind}/{identifier}"


def instant(now: datetime) -> str:
    """An instant as the real service writes it: microseconds and `+00:00`, not the `Z` of its model."""
    return now.isoformat(timespec="microseconds")
