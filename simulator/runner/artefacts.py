"""What a run is evidence for: digests of state machine, code and templates, the same as a package has of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from simulator.account.sandbox import Code
from simulator.packaging.digests import Source, code_digest, file_digest, files_digest
from simulator.scenario.system import System
from simulator.targets.local_files import source_of

_TEMPLATES = (".yaml", ".yml", ".json", ".template")


def digests_of(system: System) -> Mapping[str, str]:
    """The digests of a system by kind: `asl`, `code` and, of a stack, `cfn`. Raises UserError for what cannot be read."""
    machines, sources, templates = list(_machines(system)), list(_sources(system)), list(_templates(system))
    digests = {"asl": file_digest(machines[0])} if len(machines) == 1 else {}
    digests |= {"code": code_digest(sources)} if sources else {}
    return digests | ({"cfn": files_digest((path.name, path) for path in templates)} if templates else {})


def _machines(system: System) -> Iterator[Path]:
    """The files of definitions; one that stands in its template belongs to that."""
    if system.state_machine is not None:
        yield system.state_machine
    yield from (path for path in _objects(system) if _is_definition(path))


def _sources(system: System) -> Iterator[Source]:
    for handler in system.handlers.values():
        code = Code(handler.code.file, handler.code.function)
        yield Source(code.owned, code.owned.name if code.root != code.owned else "")
    yield from (source_of(path) for path in _objects(system) if path.is_dir())


def _templates(system: System) -> Iterator[Path]:
    if system.template is not None:
        yield system.template
    yield from (path for path in _objects(system) if path.suffix in _TEMPLATES and not _is_definition(path))


def _objects(system: System) -> Iterator[Path]:
    return (path for objects in system.buckets.values() for path in objects.values())


def _is_definition(path: Path) -> bool:
    return path.stem.endswith(".asl")
