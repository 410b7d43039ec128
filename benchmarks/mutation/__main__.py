"""How many small breakages of the bundled orchestrator do the shipped scenarios notice?

    pip install coverage cosmic-ray                       # not among the project's own requirements
    .venv/bin/python -m benchmarks.mutation [--python 300] [--asl 300] [--only TEXT] [--most 20] [--jobs 2]
                                            [--baseline reached.json] [--output mutants.tsv]

Each mutant is applied to a copy of the production side; the scenarios that reach the broken line or state run against it
until one does not pass. A sample is the same every time. Prints the share of mutants that were noticed, by kind, and all
survivors.
"""

import argparse
import gc
import multiprocessing
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.mutation.asl_mutants import asl_mutants
from benchmarks.mutation.mutants import Mutant, sample
from benchmarks.mutation.python_mutants import python_mutants
from benchmarks.mutation.reached import Reached, reached, remembered
from benchmarks.mutation.trial import asked, killed_by
from benchmarks.mutation.uses import uses
from simulator.scenario import bundled
from simulator.scenario.discovery import discover
from simulator.scenario.loading import load_all
from simulator.scenario.model import Scenario

ROOT = Path(__file__).parents[2]
PRODUCTION = ("asl", "orchestration", "cfn")
NEAR = 6  # lines
Tried = tuple[Mutant, str | None]


def copied(folder: Path) -> list[Scenario]:
    """Copy the production side, and load every shipped scenario that runs it as it is, for the copy."""
    for part in PRODUCTION:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    bundled._PACKAGE = folder / "simulator"
    bundled.bundled_system.cache_clear()
    loaded = [one for path in discover([ROOT / "scenarios"]) for one in load_all(path)]
    return [one for one in loaded if one.system.template is None]


def order(mutant: Mutant, found: Reached, most: int, scenarios: Sequence[Scenario], root: Path) -> list[int]:
    """The scenarios that are asked: those that reach the mutant, or all for a state that none reaches.

    Those that speak of the state come first, or go where few others go near the line or what uses it; then cheap ones.
    """
    of_file = found.by_line.get(mutant.file, {})
    if mutant.state:
        near = found.by_state.get(mutant.state, range(len(found.checks)))
    else:
        near = next(filter(None, (of_file.get(line, ()) for line in range(mutant.line, mutant.line + 3))), ())

    places = {(file, at) for file, line in uses(root, mutant) for at in range(line - NEAR, line + NEAR + 1)}
    around = [others for file, line in places if (others := found.by_line.get(file, {}).get(line))]

    def costs(number: int) -> tuple[bool, float]:
        speaks_of_it = bool(mutant.state) and mutant.state in str(scenarios[number].data)
        alone = sum(1 / len(others) for others in around if number in others)
        told = found.checks[number] + str(scenarios[number].data.get("requests", "")).count(",")
        return not speaks_of_it, found.seconds[number] / (1 + told) / (alone or 1)

    return sorted(near, key=costs)[:most]


def chosen(root: Path, counts: argparse.Namespace) -> list[Mutant]:
    """The sample of each language, of those whose names have the text that is looked for."""
    code = [one for file in sorted((root / "orchestration").glob("*.py")) for one in python_mutants(root, file)]
    machine = [one for file in sorted((root / "asl").glob("*.json")) for one in asl_mutants(root, file)]
    print(f"{len(code)} mutants of the code and {len(machine)} of the state machine, of which a sample:", flush=True)
    some = [*sample(machine, counts.asl), *sample(code, counts.python)]
    return [one for one in some if any(text in one.name for text in counts.only)]


def tried(mutants: Sequence[Mutant], found: Reached, jobs: int, most: int) -> Iterator[Tried]:
    """What noticed each mutant, in any order. Each process has a copy of the production side that it may break."""
    fork = multiprocessing.get_context("fork")
    left, said = fork.Value("i", 0), fork.SimpleQueue()

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve()
            scenarios = copied(root)
            while (number := _taken(left)) < len(mutants):
                near = order(mutants[number], found, most, scenarios, root)
                questions = [asked(scenarios[one], found.seconds[one]) for one in near]
                said.put((number, killed_by(mutants[number], questions, root)))

    workers = [fork.Process(target=work) for _ in range(jobs)]
    for worker in workers:
        worker.start()
    for _ in mutants:
        number, by = said.get()
        yield mutants[number], by
    for worker in workers:
        worker.join()


def _taken(left: "multiprocessing.sharedctypes.Synchronized[int]") -> int:
    with left.get_lock():
        left.value += 1
        return left.value - 1


def report(outcomes: Sequence[Tried]) -> str:
    """The shares by kind, then the survivors."""
    rows = []
    for language, suffix in (("state machine", ".json"), ("code", ".py")):
        some = [(mutant, by) for mutant, by in outcomes if mutant.file.endswith(suffix)]
        total, killed = Counter(one.kind for one, _ in some), Counter(one.kind for one, by in some if by)
        rows += [f"{kind:45} {killed[kind]:4} of {total[kind]:4}" for kind in sorted(total)]
        if some:
            rows.append(f"{language:45} {sum(killed.values()):4} of {len(some):4}  {sum(killed.values()) / len(some):.1%}")
    survivors = [mutant.name for mutant, by in outcomes if by is None]
    return "\n".join([*rows, "", f"{len(survivors)} survivors:", *sorted(survivors)])


def told(found: Reached, count: int) -> str:
    """What the scenarios reach, and which lines none of them does."""
    rows = [f"  {file}: lines {', '.join(map(str, lines))}" for file, lines in found.missing.items() if lines]
    return "\n".join([f"{count} scenarios reach {found.lines:.1%} of the lines, {found.branches:.1%} of branches", *rows])


def main() -> None:
    """Try the mutants and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", type=int, default=300, help="how many mutants of the code")
    parser.add_argument("--asl", type=int, default=300, help="how many of the state machine")
    parser.add_argument("--only", action="append", help="of these, those whose names have this text; may be given again")
    parser.add_argument("--most", type=int, default=1000, help="how many scenarios are asked of each, at most")
    parser.add_argument("--jobs", type=int, default=1, help="how many are tried at once")
    parser.add_argument("--baseline", type=Path, help="where what the scenarios reach is kept, and taken from if still true")
    parser.add_argument("--output", type=Path, help="where every mutant and what noticed it is written")
    options = parser.parse_args()
    options.only = options.only or [""]
    sys.dont_write_bytecode = True
    gc.set_threshold(100_000, 20, 50)  # as `drsim` does: hardly anything is garbage
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        scenarios = copied(root)
        parts = [ROOT / part for part in (*PRODUCTION, "simulator", "scenarios")]
        found = remembered(scenarios, root, parts, options.baseline) if options.baseline else reached(scenarios, root)
        print(told(found, len(scenarios)), flush=True)
        outcomes = []
        for mutant, by in tried(chosen(root, options), found, options.jobs, options.most):
            outcomes.append((mutant, by))
            if options.output:
                with options.output.open("a", encoding="utf-8") as log:
                    log.write(f"{'killed' if by else 'SURVIVED'}\t{mutant.name}\t{by or ''}\n")
    print(report(outcomes))


if __name__ == "__main__":
    main()
