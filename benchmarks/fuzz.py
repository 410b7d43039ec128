"""`drsim serve` under requests that nobody would send: what it answers, and everything that no AWS would.

    .venv/bin/python -m benchmarks.fuzz [--requests 50000] [--seed 1] [--log FILE]

Four in five are for the services that are drsim's own. Ends with 1 if an answer had a traceback or a failure that is not
modelled (tests/server/answers.py says what is), none came within a minute, or the server did not live.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

from tests.server.answers import ask, wrong
from tests.server.fuzzing import MOTOS, OWN, requests
from tests.server.served import serving


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=Path, help="where to write the server's log")
    given = parser.parse_args()
    statuses: Counter[str] = Counter()
    found: Counter[tuple[str, str, str]] = Counter()
    begun, longest = time.perf_counter(), 0.0
    with serving("--speed", "virtual", "--start", "2026-03-01T02:00:00Z", "--region", "us-west-2") as served:
        for services, count in ((OWN, given.requests * 4 // 5), (MOTOS, given.requests // 5)):
            for number, request in enumerate(requests(given.seed, services, count)):
                asked = time.perf_counter()
                try:
                    answer = ask(served.port, request)
                except TimeoutError:
                    found[request.service, request.operation, "no answer"] += 1
                    continue
                longest = max(longest, time.perf_counter() - asked)
                statuses[f"{answer.status}" if answer.status != 500 else f"500 {answer.code}"] += 1
                if trouble := wrong(request, answer):
                    found[request.service, request.operation, trouble] += 1
                if number % 5_000 == 0:
                    passed = time.perf_counter() - begun
                    print(f"  {number} of {count}, {passed:.0f} s, wrong so far: {len(found)}", flush=True)
        lives = served.process.poll() is None and served.admin("health")["status"] == "ok"
        log = served.log()
    if given.log:
        given.log.write_text(log, "utf-8")
    crashes = Counter(line for line in log.splitlines() if line.startswith("a bug in"))
    print(f"{given.requests} requests in {time.perf_counter() - begun:.0f} s, the longest {longest:.1f} s: {dict(statuses)}")
    for (service, operation, trouble), times in found.most_common():
        print(f"  wrong: {service} {operation}: {trouble} ({times})")
    for line, times in crashes.most_common(40):
        print(f"  in the log: {line[:150]} ({times})")
    print("the server lives" if lives else "the server is gone")
    return 0 if lives and not found else 1


if __name__ == "__main__":
    sys.exit(main())
