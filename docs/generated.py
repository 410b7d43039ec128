"""Writes the parts of the guides that the code knows best: `make docs`, or with --check says whether they are current."""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import moto.backends

from simulator.account import wire
from simulator.account.ssm import api as ssm
from simulator.account.world import World
from simulator.cli.target_options import NAMES, Where
from simulator.cli.targets import target_of
from simulator.drs.operations.table import OPERATIONS as DRS
from simulator.drs.settings import Settings
from simulator.targets.target import Ability

DOCS = Path(__file__).parent
WIDTH = 160


def main() -> int:
    stale = []
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text("utf-8")
        fresh = filled(text)
        if fresh != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(fresh, "utf-8")
    print(f"{'not current' if '--check' in sys.argv else 'written'}: {', '.join(stale) or 'nothing'}")
    return int("--check" in sys.argv and bool(stale))


def filled(text: str) -> str:
    """A guide with what stands between the marks of each generated part made anew."""

    def made(match: re.Match[str]) -> str:
        return f"{match[1]}\n{PARTS[match[2]]()}\n{match[3]}"

    return re.sub(r"(<!-- generated: ([a-z-]+) -->)\n.*?\n?(<!-- end -->)", made, text, flags=re.DOTALL)


def _listed(names: Iterable[str]) -> str:
    """Names in code type, in lines that are not too long."""
    lines, line = [], ""
    for name in sorted(names):
        if len(line) + len(name) > WIDTH:
            lines, line = [*lines, line.rstrip()], ""
        line += f"`{name}`, "
    return "\n".join([*lines, line.removesuffix(", ")])


def _share(service: str, names: Iterable[str]) -> str:
    everything = set(wire.service_model(service).operation_names)
    known = everything & set(names)
    left = everything - known
    head = f"{len(known)} of {len(everything)} operations are simulated"
    if not left:
        return f"{head}: all that the SDK knows."
    fewer, said = (known, "These") if len(known) <= len(left) else (left, "All but these")
    return f"{head}. {said}:\n{_listed(fewer)}"


def _drs() -> str:
    kinds = {kind: [name for name, entry in DRS.items() if entry.kind == kind] for kind in ("read", "write", "recover")}
    rows = "\n".join(f"| {kind} | {len(names)} | {_listed(names).replace(chr(10), ' ')} |" for kind, names in kinds.items())
    return f"{_share('drs', DRS)}\n\n| request rate of | | |\n|---|---|---|\n{rows}"


def _home() -> World:
    return World(1, datetime(2026, 3, 1, 2, tzinfo=UTC), "us-east-1", Settings())


def _states() -> str:
    return _share("states", _home().states.operations)


def _lambda() -> str:
    return _share("lambda", _home().at("123456789012", "us-east-1").lambda_api.operations)


def _ssm() -> str:
    return f"{len(ssm.OPERATIONS)} operations are simulated, the others are moto's:\n{_listed(ssm.OPERATIONS)}"


def _moto() -> str:
    ours = {"drs", "stepfunctions", "lambda"}
    names = set(moto.backends.list_of_moto_modules()) - ours - {"core", "instance_metadata", "moto_api"}
    names = {name for name in names if not name.endswith(("_simple", "lambda")) and "_v2" not in name}  # variants of others
    return f"{len(names)} services, by moto's names:\n{_listed(names)}"


def _abilities() -> str:
    targets = {name: target_of(Where(name, stack="x")).lacks for name in NAMES}
    head = "| | " + " | ".join(targets) + " |\n|---|" + "---|" * len(targets)
    rows = [
        f"| {ability} | " + " | ".join("no" if ability in lacks else "yes" for lacks in targets.values()) + " |"
        for ability in Ability
    ]
    return "\n".join([head, *rows])


PARTS: Mapping[str, Callable[[], str]] = {
    "drs-operations": _drs,
    "states-operations": _states,
    "lambda-operations": _lambda,
    "ssm-operations": _ssm,
    "moto-services": _moto,
    "abilities": _abilities,
}

if __name__ == "__main__":
    sys.exit(main())
