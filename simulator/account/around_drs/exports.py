"""DRS in S3: the templates of source networks that it exports."""

import json

from simulator.account import moto_services
from simulator.drs.happenings import Happening
from simulator.drs.service import DrsService
from simulator.journal import NetworkTemplateExported
from simulator.rng import Chance


class Exports:
    """Watches DRS, and writes what it exports into the account's buckets. A bucket that does not exist gets nothing."""

    def __init__(self, chance: Chance, drs: DrsService) -> None:
        self._chance = chance
        drs.subscribe(self._observe)

    def _observe(self, happening: Happening) -> None:
        event = happening.event
        if isinstance(event, NetworkTemplateExported):
            with moto_services.drawing(self._chance, f"export/{event.key}"):
                s3 = moto_services.backend("s3", happening.account_id, "aws")
                if event.bucket in s3.buckets:
                    s3.put_object(event.bucket, event.key, json.dumps(event.template, indent=2).encode())
