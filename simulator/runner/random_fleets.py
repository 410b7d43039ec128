"""Fleets and plans that nobody thought of: waves in any graph without circles, with any policy."""

from collections.abc import Sequence

from simulator.runner.draws import Draws, some_of
from simulator.runner.reduction import Data, servers_of

NAMES = ("data", "app", "web", "reports", "mail", "edge")
POLICIES = ("stop", "continue", "pause")


def random_fleet(draws: Draws, max_waves: int = 4, max_servers: int = 3) -> Data:
    """The `fleet:` of a scenario, as plain data; at most six waves."""
    names = NAMES[: draws.whole(1, min(max_waves, len(NAMES)))]
    waves = [_wave(draws, names[:index], name, max_servers) for index, name in enumerate(names)]
    fleet: Data = {"waves": waves}
    if draws.happens(0.2):
        fleet["cleanUpDrill"] = True
    if draws.happens(0.2):
        fleet["profile"] = draws.one_of(("windows-direct", "extended"))
    return fleet


def _wave(draws: Draws, earlier: Sequence[str], name: str, max_servers: int) -> Data:
    wave: Data = {"name": name, "servers": draws.whole(1, max_servers)}
    if depends_on := some_of(draws, earlier, 0.6):
        wave["dependsOn"] = depends_on
    if draws.happens(0.4):
        wave["onFailure"] = draws.one_of(POLICIES)
    if draws.happens(0.25):
        wave["retries"] = draws.whole(1, 2)
    if draws.happens(0.2):
        wave["timeout"] = draws.one_of(("5m", "15m", "40m", "2h"))
    if draws.happens(0.2):
        wave["optional"] = servers_of(wave)[:1]
    elif draws.happens(0.15):
        wave["minimumHealthyShare"] = 0.5
    if draws.happens(0.2):
        wave["approval"] = {"timeout": draws.one_of(("10m", "1h")), "default": draws.one_of(("approve", "refuse"))}
    return wave
