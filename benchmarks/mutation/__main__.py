"""How many small breakages of the bundled orchestrator do the shipped scenarios notice?

    pip install coverage cosmic-ray                       # not among the project's own requirements
    .venv/bin/python -m benchmarks.mutation [--python 300] [--asl 300] [--output survivors.txt]

Each mutant is applied to a copy of the production side; the scenarios that reach the broken line or state run against it
until one does not pass. A sample is the same every time. Prints the share of mutants that were noticed, by kind, and all
survivors.
"""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.mutation.asl_mutants import asl_mutants
from benchmarks.mutation.mutants import Mutant, sample
from benchmarks.mutation.python_mutants import python_mutants
from benchmarks.mutation.reached import Reached, reached
from benchmarks.mutation.trial import killed_by
from simulator.scenario import bundled
from simulator.scenario.discovery import discover
from simulator.scenario.loading import load_all
from simulator.scenario.model import Scenario

ROOT = Path(__file__).parents[2]


def copied(folder: Path) -> list[Scenario]:
    """Copy the production side, and load every shipped scenario that runs it as it is, for the copy."""
    for part in ("asl", "orchestration", "cfn"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    bundled._PACKAGE = folder / "simulator"
    bundled.bundled_system.cache_clear()
    loaded = [one for path in discover([ROOT / "scenarios"]) for one in load_all(path)]
    return [one for one in loaded if one.system.template is None]


def order(mutant: Mutant, found: Reached) -> list[int]:
    """The scenarios that reach the mutant, those that check most first; those of a state that none reaches: all of them."""
    if mutant.state:
        near = found.by_state.get(mutant.state, range(len(found.checks)))
    else:
        lines = (found.by_line.get((mutant.file, line), ()) for line in range(mutant.line, mutant.line + 3))
        near = next(filter(None, lines), ())
    return sorted(near, key=lambda number: -found.checks[number])


def chosen(root: Path, counts: argparse.Namespace) -> list[Mutant]:
    """The sample of each language."""
    code = [one for file in sorted((root / "orchestration").glob("*.py")) for one in python_mutants(root, file)]
    machine = [one for file in sorted((root / "asl").glob("*.json")) for one in asl_mutants(root, file)]
    print(f"{len(code)} mutants of the code and {len(machine)} of the state machine, of which a sample:", flush=True)
    return [*sample(machine, counts.asl), *sample(code, counts.python)]


def report(tried: Sequence[tuple[Mutant, str | None]]) -> str:
    """The shares by kind, then the survivors."""
    rows = []
    for language, suffix in (("state machine", ".json"), ("code", ".py")):
        some = [(mutant, by) for mutant, by in tried if mutant.file.endswith(suffix)]
        total, killed = Counter(one.kind for one, _ in some), Counter(one.kind for one, by in some if by)
        rows += [f"{kind:45} {killed[kind]:4} of {total[kind]:4}" for kind in sorted(total)]
        if some:
            rows.append(f"{language:45} {sum(killed.values()):4} of {len(some):4}  {sum(killed.values()) / len(some):.1%}")
    survivors = [mutant.name for mutant, by in tried if by is None]
    return "\n".join([*rows, "", f"{len(survivors)} survivors:", *survivors])


def main() -> None:
    """Try the mutants and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", type=int, default=300, help="how many mutants of the code")
    parser.add_argument("--asl", type=int, default=300, help="how many of the state machine")
    parser.add_argument("--output", type=Path, help="where every mutant and what noticed it is written")
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        scenarios = copied(root)
        found = reached(scenarios, root)
        print(
            f"{len(scenarios)} scenarios reach {found.lines:.1%} of the lines and {found.branches:.1%} of the branches",
            flush=True,
        )
        print("\n".join(f"  {file}: lines {', '.join(map(str, lines))}" for file, lines in found.missing.items() if lines))
        tried = []
        for mutant in chosen(root, options):
            by = killed_by(mutant, scenarios, order(mutant, found), root)
            tried.append((mutant, by))
            if options.output:
                with options.output.open("a", encoding="utf-8") as log:
                    log.write(f"{'killed' if by else 'SURVIVED'}\t{mutant.name}\t{by or ''}\n")
    print(report(tried))


if __name__ == "__main__":
    main()
