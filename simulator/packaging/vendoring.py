"""The libraries that functions import and Lambda does not have, from this environment into the zip."""

import ast
import base64
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from simulator.errors import Problem, UserError

# Lambda's Python runtimes bring these along, and keep them current.
_IN_THE_RUNTIME = frozenset({"boto3", "botocore", "s3transfer"})
_KEPT_METADATA = ("METADATA", "LICENSE", "COPYING", "NOTICE")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*")
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s\\;]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Library:
    """An installed distribution: its files by the names that they have in the zip."""

    name: str
    version: str
    files: Mapping[str, bytes]


def libraries(code: Iterable[Path], lock: Path | None) -> list[Library]:
    """The libraries that Python files need, with what these need in turn, by name.

    Raises UserError for one that is not installed, is another version than the lock says, was changed since it was
    installed, or has compiled parts, which would be this machine's and not Lambda's.
    """
    providers = metadata.packages_distributions()
    needed = {_canonical(name) for module in _imported(code) for name in providers.get(module, ())}
    pins = _pins(lock)
    found: dict[str, Library] = {}
    waiting = sorted(needed - _IN_THE_RUNTIME)
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            distribution = _distribution(name, pins.get(name))
            found[name] = Library(name, distribution.version, _files(distribution))
            waiting += sorted(_required(distribution) - _IN_THE_RUNTIME)
    return [found[name] for name in sorted(found)]


def _imported(code: Iterable[Path]) -> set[str]:
    """The top-level modules that Python files import, but for Python's own."""
    names: set[str] = set()
    for path in code:
        for node in ast.walk(_parsed(path)):
            if isinstance(node, ast.Import):
                names.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        raise UserError([Problem(f"{path}:{error.lineno}:{error.offset}", f"not Python: {error.msg}")]) from None


def _pins(lock: Path | None) -> Mapping[str, str]:
    if lock is None or not lock.is_file():
        return {}
    return {_canonical(name): version for name, version in _PIN.findall(lock.read_text("utf-8"))}


def _distribution(name: str, pin: str | None) -> metadata.Distribution:
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        raise _refused(name, "the functions need it, and it is not installed here") from None
    if pin not in (None, distribution.version):
        raise _refused(name, f"version {distribution.version} is installed, the lock says {pin}")
    return distribution


def _required(distribution: metadata.Distribution) -> set[str]:
    """What it always needs; extras are for whoever asks for them."""
    wanted = [text for text in distribution.requires or () if "extra ==" not in text]
    return {_canonical(match[0]) for text in wanted if (match := _REQUIREMENT.match(text))}


def _files(distribution: metadata.Distribution) -> dict[str, bytes]:
    name = distribution.metadata["Name"]
    files: dict[str, bytes] = {}
    for file in distribution.files or ():
        if not _is_deployed(file):
            continue
        if file.suffix in (".so", ".pyd", ".dylib"):
            raise _refused(name, f"it has compiled parts ({file}), which would be this machine's")
        data = Path(str(file.locate())).read_bytes()
        if file.hash is not None and not _has_hash(data, file.hash):
            raise _refused(name, f"{file} is not as it was installed")
        files[file.as_posix()] = data
    return files


def _is_deployed(file: metadata.PackagePath) -> bool:
    """Code, data and licences; not scripts, bytecode or what an installer notes for itself."""
    if file.parts[0] == ".." or file.suffix == ".pyc" or file.is_absolute():
        return False
    return not file.parts[0].endswith(".dist-info") or any(word in file.name.upper() for word in _KEPT_METADATA)


def _has_hash(data: bytes, expected: metadata.FileHash) -> bool:
    digest = hashlib.new(expected.mode, data).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == expected.value


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _refused(name: str, message: str) -> UserError:
    return UserError([Problem(name, message)])


def python_files(files: Iterable[tuple[str, Path]]) -> Iterator[Path]:
    """Those of some files that are Python."""
    return (path for _, path in files if path.suffix == ".py")
