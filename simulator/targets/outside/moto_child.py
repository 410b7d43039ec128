"""The process in which moto interprets state machines: `python -m` this with the speed of its waits.

It says where it listens, and ends when its standard input does, that is with whoever started it.
"""

import os
import sys

from simulator.account.moto_interpreter import serve
from simulator.targets.outside.quick_waits import MOTO, shorten


def main() -> None:
    """Serve."""
    shorten(MOTO, float(sys.argv[1]))
    serve(lambda url: print(url, flush=True), sys.stdin.read)
    os._exit(0)  # executions that still run have threads that would keep the process


if __name__ == "__main__":
    main()
