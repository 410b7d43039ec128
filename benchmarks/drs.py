"""DRS calls through boto3 beside moto's EC2, in one run; then how a world grows with its servers.

    .venv/bin/python -m benchmarks.drs [--servers N] [--profile]

Both sides answer in process, without a socket: ours in the simulated account, moto's in its own mock, as its users have it.
DescribeInstances is merely a listing of as many machines: the services share nothing that could be compared more closely.
Calls are told in CPU time, which a busy machine does not change. Each size of the growth table has a process of its own, so
that its peak of memory is its own.
"""

import argparse
import cProfile
import gc
import json
import pstats
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

from benchmarks.timing import median_us
from simulator.account import moto_services
from simulator.account.world import ACCOUNT_ID, World
from simulator.drs.settings import Distribution, Profile, Settings

START = datetime(2026, 3, 1, tzinfo=UTC)
REGION = "us-east-1"
SERVERS_PER_JOB = 100
SERVERS_PER_ACCOUNT = 500  # in all jobs at once: the service's quota
# Every account does the same: jobs of a hundred servers that take what the median of them takes.
PROFILE = Profile(
    pending=Distribution(0.35), snapshot=Distribution(0.2), queue=Distribution(53), conversion=Distribution(970),
    launch=Distribution(1500), boot=Distribution(45), finish=Distribution(2.7),
)  # fmt: skip
SETTINGS = Settings(rates=None, profiles={"linux-direct": PROFILE})
HEADINGS = ("servers", "jobs", "wall s", "CPU s", "CPU us/server", "peak MiB", "events", "virtual")


@contextmanager
def world() -> Iterator[World]:
    """A world where nothing is throttled."""
    made = World(1, START, REGION, SETTINGS)
    with made.installed():
        yield made


def client(account_id: str = ACCOUNT_ID) -> Any:
    return moto_services.client("drs", REGION, account_id)


def add(made: World, servers: int, account_id: str = ACCOUNT_ID) -> list[str]:
    """Source servers in an account; their ids."""
    region = made.drs.region(account_id, REGION)
    region.initialize()
    return [region.add_source_server(f"app-{number:05}").id for number in range(servers)]


def asked(servers: list[str]) -> list[dict[str, str]]:
    return [{"sourceServerID": server} for server in servers]


def rows(asker: Any, operation: str, **request: Any) -> int:
    return sum(len(page["items"]) for page in asker.get_paginator(operation).paginate(**request))


def ours(repeats: int) -> dict[str, float]:
    """Microseconds of each call."""
    with world() as made:
        drs = client()
        servers = add(made, 300)
        job = drs.start_recovery(sourceServers=asked(servers[:100]))["job"]["jobID"]
        accounts = count(200_000_000_000)

        def start() -> Callable[[], Any]:
            account_id = str(next(accounts))
            starter, fleet = client(account_id), asked(add(made, SERVERS_PER_JOB, account_id))
            return lambda: starter.start_recovery(sourceServers=fleet)

        starts = iter([start() for _ in range(repeats + 1)])
        return {
            "DescribeJobs, 100 servers": median_us(lambda: drs.describe_jobs(filters={"jobIDs": [job]}), repeats),
            "StartRecovery, 100 servers": median_us(lambda: next(starts)(), repeats),  # noqa: PLW0108  another each time
            "DescribeSourceServers, 300 servers": median_us(lambda: rows(drs, "describe_source_servers"), repeats),
        }


def motos(repeats: int) -> dict[str, float]:
    """The same for moto, in a process that knows nothing of ours: listings of as many EC2 instances, and their start."""
    return dict(_from_process("benchmarks.drs_moto", str(repeats)))


def _from_process(module: str, *arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", module, *arguments]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return found


BESIDE = {
    "DescribeJobs, 100 servers": "DescribeInstances, 100 instances",
    "StartRecovery, 100 servers": "RunInstances, 100 instances",
    "DescribeSourceServers, 300 servers": "DescribeInstances, 300 instances",
}


def compare(repeats: int) -> None:
    mine, theirs = ours(repeats), motos(repeats)
    print(f"{'drsim':36s} {'us':>10s}   {'moto':36s} {'us':>10s}")
    for name, us in mine.items():
        print(f"{name:36s} {us:10,.0f}   {BESIDE[name]:36s} {theirs[BESIDE[name]]:10,.0f}")


def recover(made: World, account_id: str, servers: list[str]) -> None:
    """What an orchestrator does in an account: start jobs, look at them every minute, read their logs and instances."""
    drs = client(account_id)
    jobs = [
        drs.start_recovery(sourceServers=asked(servers[place : place + SERVERS_PER_JOB]), isDrill=True)["job"]["jobID"]
        for place in range(0, len(servers), SERVERS_PER_JOB)
    ]
    while any(job["status"] != "COMPLETED" for job in drs.describe_jobs(filters={"jobIDs": jobs})["items"]):
        made.clock.sleep_ms(60_000)
    assert sum(rows(drs, "describe_job_log_items", jobID=job) for job in jobs) == 6 * len(servers) + 2 * len(jobs)
    made.clock.sleep_ms(60_000)
    assert rows(drs, "describe_recovery_instances") == len(servers)


def grow(servers: int) -> dict[str, float]:
    """Recover so many servers in as many accounts as they need; wall seconds, peak of memory, and the journal's length."""
    gc.set_threshold(100_000, 20, 50)  # as the command line sets it
    began, cpu_began = time.perf_counter(), time.process_time()
    with world() as made:
        made.account.is_recording = True  # as in every run of a scenario
        for number, first in enumerate(range(0, servers, SERVERS_PER_ACCOUNT)):
            account_id = f"3000000{number:05}"
            fleet = add(made, min(SERVERS_PER_ACCOUNT, servers - first), account_id)
            made.clock.spawn(account_id, lambda account_id=account_id, fleet=fleet: recover(made, account_id, fleet))
        made.clock.run()
        events = len(made.journal)
        virtual_seconds = made.clock.now_ms / 1000
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu_began,
        "peak_mib": peak_mib,
        "events": events,
        "virtual_seconds": virtual_seconds,
    }


def growth(largest: int) -> None:
    print("\n" + " ".join(f"{heading:>13s}" for heading in HEADINGS))
    for servers in (0, largest // 4, largest // 2, largest):
        found = _from_process("benchmarks.drs", "--grow", str(servers))
        each = f"{found['cpu_seconds'] / servers * 1e6:,.0f}" if servers else ""
        jobs, minutes = -(-servers // SERVERS_PER_JOB), found["virtual_seconds"] / 60
        times = (f"{found['seconds']:.2f}", f"{found['cpu_seconds']:.2f}", each)
        row = (f"{servers:,d}", str(jobs), *times, f"{found['peak_mib']:.0f}", f"{found['events']:,.0f}", f"{minutes:.0f}m")
        print(" ".join(f"{cell:>13s}" for cell in row))


def profiled(servers: int) -> None:
    profiler = cProfile.Profile()
    profiler.runcall(grow, servers)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(40)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, default=10_000, help="the largest size of the growth table")
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--profile", action="store_true", help="show where the time goes instead")
    parser.add_argument("--grow", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.grow is not None:
        print(json.dumps(grow(arguments.grow)))
    elif arguments.profile:
        profiled(arguments.servers)
    else:
        compare(arguments.repeats)
        growth(arguments.servers)


if __name__ == "__main__":
    main()
