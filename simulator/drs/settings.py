"""How the simulated service is set: latencies by profile, quotas, request rates.

Every default is what DRS was seen or is documented to do; what nobody outside AWS knows is a knob with a plausible value,
and says so.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist

_NORMAL = NormalDist()
_Z95 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Distribution:
    """A log-normal latency by its median and 95th percentile, in seconds; constant where they are equal."""

    median_seconds: float
    p95_seconds: float

    def at(self, quantile: float) -> float:
        """The latency in seconds that a share `quantile` (between 0 and 1) of all draws stays below."""
        if self.median_seconds <= 0 or self.p95_seconds <= self.median_seconds:
            return self.median_seconds
        sigma = math.log(self.p95_seconds / self.median_seconds) / _Z95
        return self.median_seconds * math.exp(sigma * _NORMAL.inv_cdf(quantile))


@dataclass(frozen=True, slots=True)
class Profile:
    """The latencies of one kind of server, by phase of a job.

    `pending`: from creation to start; `cleanup`: deleting the instance of an earlier drill; `snapshot`; `queue`: from the
    snapshot to the conversion; `conversion`; `launch`; `finish`: from the last launch to the end; `terminate`: a whole
    TERMINATE job.
    """

    pending: Distribution = Distribution(0.35, 5)
    cleanup: Distribution = Distribution(75, 240)
    snapshot: Distribution = Distribution(0.2, 1)
    queue: Distribution = Distribution(53, 120)
    conversion: Distribution = Distribution(190, 420)
    launch: Distribution = Distribution(295, 480)
    finish: Distribution = Distribution(2.7, 6)
    terminate: Distribution = Distribution(150, 600)


PROFILES: Mapping[str, Profile] = {
    "linux-direct": Profile(),
    "windows-direct": Profile(conversion=Distribution(240, 720), launch=Distribution(330, 900)),
    "extended": Profile(conversion=Distribution(840, 1500), launch=Distribution(900, 1600)),
}


@dataclass(frozen=True, slots=True)
class Quotas:
    """The service's quotas per account and Region, and the codes they have in Service Quotas."""

    servers_per_job: int = 100
    servers_in_jobs: int = 500
    jobs_in_progress: int = 20


QUOTA_CODES: Mapping[str, str] = {
    "servers_per_job": "L-B827C881",
    "servers_in_jobs": "L-05AFA8C6",
    "jobs_in_progress": "L-D88FAC3A",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """A token bucket: `per_second` requests in the long run, `burst` at once. AWS publishes no rates for DRS: a knob."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Settings:
    """All knobs of the service.

    `profiles` by name; `read_latency` and `write_latency` are how long an API call takes; `rates` are by kind of operation
    (None: no throttling); `page_size` applies where a request sets no maxResults.
    """

    profiles: Mapping[str, Profile] = field(default_factory=lambda: PROFILES)
    quotas: Quotas = Quotas()
    read_latency: Distribution = Distribution(0.12, 0.45)
    write_latency: Distribution = Distribution(0.35, 1.2)
    rates: Mapping[str, Rate] | None = field(
        default_factory=lambda: {"read": Rate(10, 20), "write": Rate(2, 5), "recover": Rate(1, 3)}
    )
    page_size: int = 100
