"""Log-normal latencies fitted to samples, with no more confidence than the number of samples allows.

From `ENOUGH` samples on, a phase's spread is the samples' own. With fewer it is mixed with that of a default profile, in
proportion; with one sample it is the default's, since one sample has no spread.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, median, quantiles, stdev
from typing import Literal

from simulator.drs.calibration.samples import PHASES, Samples, synchrony
from simulator.drs.settings import Distribution, Latency, Profile, Scaling
from simulator.rng import Chance

ENOUGH = 8
CONFIDENCE = 0.9

_NORMAL = NormalDist()
_Z95 = _NORMAL.inv_cdf(0.95)
_DRAWS = 4000
_LEAST_RATIO = 1.01  # without any spread the model would take a latency as pinned, and not scale it
_FIXED_SECONDS = 0.9  # what the model lets pass between phases

Spread = Literal["samples", "mixed", "default"]


@dataclass(frozen=True, slots=True)
class Fit:
    """A phase's latency, and the samples it comes from.

    `spread` tells whose ratio of 95th percentile to median it has: the samples', the default's, or something between.
    `p95_range_seconds` is where the 95th percentile lies by the samples alone, with a confidence of `CONFIDENCE`, None for
    fewer than two. `distance` is the largest between the samples' distribution and the fitted one (Kolmogorov-Smirnov).
    """

    phase: Latency
    samples: Sequence[float]
    distribution: Distribution
    spread: Spread
    p95_range_seconds: tuple[float, float] | None = None
    distance: float | None = None

    @property
    def median_seconds(self) -> float | None:
        """The samples' median."""
        return median(self.samples) if self.samples else None

    @property
    def p95_seconds(self) -> float | None:
        """The samples' 95th percentile, None for fewer than two."""
        return quantiles(self.samples, n=20, method="inclusive")[-1] if len(self.samples) > 1 else None

    @property
    def is_poor(self) -> bool:
        """Whether the samples are hardly log-normal: a mixture of kinds of servers, perhaps. By Lilliefors' test at 1 %."""
        if self.distance is None or len(self.samples) < ENOUGH or self.samples[-1] < _LEAST_RATIO * self.samples[0]:
            return False
        return self.distance > max(0.1, 1.031 / math.sqrt(len(self.samples)))


def fit_all(samples: Samples, default: Profile) -> Mapping[Latency, Fit]:
    """Every phase: fitted where there are samples, else the default's."""
    return {phase: fit(phase, samples.by_phase[phase], getattr(default, phase)) for phase in PHASES}


def fit(phase: Latency, samples: Sequence[float], default: Distribution) -> Fit:
    """The latency that samples (sorted, all above 0) speak for."""
    if not samples:
        return Fit(phase, (), default, "default")
    logs = [math.log(sample) for sample in samples]
    centre, own = fmean(logs), stdev(logs) if len(logs) > 1 else 0.0
    share = min(1.0, (len(logs) - 1) / (ENOUGH - 1))
    sigma = math.sqrt(share * own**2 + (1 - share) * _sigma(default) ** 2)
    middle = math.exp(centre)
    distribution = Distribution(middle, middle * max(_LEAST_RATIO, math.exp(_Z95 * sigma)))
    spread: Spread = "samples" if share == 1 else "mixed" if share else "default"
    if len(logs) == 1:
        return Fit(phase, samples, distribution, spread)
    return Fit(
        phase, samples, distribution, spread, _p95_range(phase, centre, own, len(logs)), _distance(samples, distribution)
    )


def whole_job_seconds(fits: Mapping[Latency, Fit], servers: int, phases: frozenset[Latency], scaling: Scaling) -> float:
    """What a launch of so many servers takes by the medians of the phases it goes through."""
    factor = scaling.factor(servers, 8)
    factors = {"conversion": factor * synchrony(servers, scaling), "launch": factor, "boot": 0.0}
    medians = (fits[phase].distribution.median_seconds * factors.get(phase, 1) for phase in phases)
    return sum(medians) + scaling.spread_seconds(servers) * servers / (servers + 1) + _FIXED_SECONDS


def _sigma(distribution: Distribution) -> float:
    if distribution.is_constant or distribution.p95_seconds is None:
        return 0.0
    return math.log(distribution.p95_seconds / distribution.median_seconds) / _Z95


def _p95_range(phase: Latency, centre: float, sigma: float, count: int) -> tuple[float, float]:
    """Where the 95th percentile of a log-normal lies, given mean and deviation of the logarithms of `count` samples.

    The exact interval, by drawing what mean and deviation could have been.
    """
    chance = Chance(0).generator("calibration", phase)
    draws = []
    for _ in range(_DRAWS):
        true_sigma = sigma * math.sqrt((count - 1) / chance.gammavariate((count - 1) / 2, 2))
        draws.append(centre + true_sigma * (chance.normalvariate(0, 1) / math.sqrt(count) + _Z95))
    draws.sort()
    tail = round(_DRAWS * (1 - CONFIDENCE) / 2)
    return math.exp(draws[tail]), math.exp(min(draws[-tail], 700))


def _distance(samples: Sequence[float], fitted: Distribution) -> float:
    """The largest difference between two cumulative distributions."""
    sigma, count = _sigma(fitted), len(samples)
    distances = []
    for sample in samples:
        expected = _NORMAL.cdf(math.log(sample / fitted.median_seconds) / sigma)
        below, upto = bisect_left(samples, sample) / count, bisect_right(samples, sample) / count
        distances += [abs(expected - below), abs(expected - upto)]
    return max(distances)
