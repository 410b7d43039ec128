"""The one source of chance: every draw is a function of (seed, component, entity, index) and of nothing else.

No generator is shared, so adding a server, a fault or a draw shifts no other draw: two runs of the same seed stay
comparable after a change. Draws come from BLAKE2b, which gives the same bits on every machine.
"""

import math
import random
from dataclasses import dataclass
from hashlib import blake2b
from statistics import NormalDist
from uuid import UUID

_STANDARD_NORMAL = NormalDist()
_Z95 = 1.6448536269514722  # the standard normal's 95th percentile


@dataclass(slots=True)
class Stream:
    """The successive draws of one entity. Each call takes the next index."""

    key: bytes
    index: int = 0

    def bits(self) -> int:
        """64 uniform bits."""
        digest = blake2b(self.key, digest_size=8, salt=self.index.to_bytes(16, "big")).digest()
        self.index += 1
        return int.from_bytes(digest, "big")

    def uniform(self) -> float:
        """A number strictly between 0 and 1."""
        return ((self.bits() >> 11) + 0.5) / (1 << 53)

    def between(self, low: float, high: float) -> float:
        """A number between `low` and `high`, evenly."""
        return low + (high - low) * self.uniform()

    def happens(self, probability: float) -> bool:
        """True with the given probability (0 never, 1 always)."""
        return self.uniform() < probability

    def normal(self, mean: float, sigma: float) -> float:
        """A normal draw, by inversion, so that one draw takes exactly one index."""
        return mean + sigma * _STANDARD_NORMAL.inv_cdf(self.uniform())

    def lognormal(self, median: float, p95: float) -> float:
        """A log-normal draw given by its median and 95th percentile, both > 0 and in the same unit as the result."""
        return median * math.exp(self.normal(0.0, math.log(p95 / median) / _Z95))

    def hex(self, digits: int) -> str:
        """A lower-case hexadecimal string, for identifiers."""
        text = ""
        while len(text) < digits:
            text += f"{self.bits():016x}"
        return text[:digits]

    def uuid(self) -> str:
        """A random UUID (version 4) in its usual spelling."""
        return str(UUID(hex=self.hex(32), version=4))


@dataclass(frozen=True, slots=True)
class Chance:
    """All chance of one run."""

    seed: int

    def stream(self, component: str, entity: str = "") -> Stream:
        """The stream of one entity of one component, from its first draw.

        Whoever needs several draws for an entity over time keeps the stream; asking again starts over.
        """
        return Stream(blake2b(repr((self.seed, component, entity)).encode(), digest_size=32).digest())

    def generator(self, component: str, entity: str = "") -> random.Random:
        """A standard-library generator for code that wants one (the `random` a Lambda handler sees)."""
        return random.Random(self.stream(component, entity).key)
