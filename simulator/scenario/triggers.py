"""What a fault can hang on: a sentence in the file, a value in the program."""

import re
from dataclasses import dataclass

EXAMPLES = "`wave NAME starts` or `wave NAME is launched`"


@dataclass(frozen=True, slots=True)
class WaveStarts:
    """The recovery of the wave's first server is asked for."""

    wave: str


@dataclass(frozen=True, slots=True)
class WaveIsLaunched:
    """The wave's last server has launched."""

    wave: str


Trigger = WaveStarts | WaveIsLaunched

_SENTENCES: dict[str, type[WaveStarts] | type[WaveIsLaunched]] = {
    r"wave (?P<wave>.+) starts": WaveStarts,
    r"wave (?P<wave>.+) is launched": WaveIsLaunched,
}


def parse_trigger(sentence: str) -> Trigger:
    """The trigger that a sentence describes. Raises ValueError, for the person who wrote it."""
    words = " ".join(sentence.split())
    for pattern, kind in _SENTENCES.items():
        match = re.fullmatch(pattern, words)
        if match:
            return kind(match["wave"])
    raise ValueError(f"expected {EXAMPLES}")
