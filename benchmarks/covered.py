"""Do the shares of lines and of branches in a report of coverage.py reach what is asked for, each by itself?

    .venv/bin/python -m benchmarks.covered coverage.json --lines 95 --branches 90

coverage.py's own `fail_under` holds the mean of both, in which one can hide the other.
"""

import argparse
import json
import sys
from pathlib import Path


def main() -> None:
    """Print both shares in percent; exit 1 if one of them is too small."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("report", type=Path)
    parser.add_argument("--lines", type=float, required=True, metavar="PERCENT")
    parser.add_argument("--branches", type=float, required=True, metavar="PERCENT")
    options = parser.parse_args()
    totals = json.loads(options.report.read_text("utf-8"))["totals"]
    is_enough = True
    for name, of, covered, least in (
        ("lines", "num_statements", "covered_lines", options.lines),
        ("branches", "num_branches", "covered_branches", options.branches),
    ):
        share = 100 * totals[covered] / totals[of]
        is_enough = is_enough and share >= least
        print(f"{name:9} {totals[covered]:5} of {totals[of]:5}  {share:.1f} % (at least {least:g} %)")
    sys.exit(not is_enough)


if __name__ == "__main__":
    main()
