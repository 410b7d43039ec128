"""How benchmarks take time."""

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any


def median_us(work: Callable[[], Any], repeats: int) -> float:
    """The median CPU time of some runs after one that warms up, in microseconds."""
    work()
    gc.collect()
    times = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1e6)
    return statistics.median(times)
