"""Digests of what a scenario runs and of what is deployed: equal ones mean that the very same bytes did and will run."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import Problem, UserError

_NEVER_CODE = ("__pycache__", "node_modules")


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of code with what it is called where it is deployed: `orchestration` for a package, empty for loose files."""

    folder: Path
    name: str = ""

    def files(self) -> Iterator[tuple[str, Path]]:
        """(deployed name, path) of each file, by name; without what Python and editors leave behind."""
        for path in sorted(self.folder.rglob("*"), key=lambda path: path.relative_to(self.folder).as_posix()):
            parts = path.relative_to(self.folder).parts
            if path.is_file() and path.suffix != ".pyc" and not any(map(_is_left_behind, parts)):
                yield "/".join(filter(None, (self.name, *parts))), path


def file_digest(path: Path) -> str:
    """The digest of a file's bytes. Raises UserError for one that cannot be read."""
    return bytes_digest(read_bytes(path))


def bytes_digest(data: bytes) -> str:
    """`sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def files_digest(files: Iterable[tuple[str, Path]]) -> str:
    """One digest of several files by the names that they are deployed under, whatever their order."""
    return combined({name: file_digest(path) for name, path in files})


def code_digest(sources: Iterable[Source]) -> str:
    """The digest of functions' code, of all folders that it comes from; each counts once."""
    return files_digest(file for source in set(sources) for file in source.files())


def combined(digests: Mapping[str, str]) -> str:
    """One digest over several, by their names."""
    return bytes_digest("".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode())


def read_bytes(path: Path) -> bytes:
    """A file's bytes. Raises UserError for one that cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError([Problem(str(path), f"cannot be read: {error.strerror}")]) from None


def _is_left_behind(part: str) -> bool:
    return part in _NEVER_CODE or part.startswith(".")
