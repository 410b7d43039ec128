"""A package: the folder with everything that CloudFormation needs, and a manifest of what it was made from.

    manifest.json        format, drsim's version, digests, files, libraries
    functions.zip        the functions' code with its libraries
    recovery_plan.asl.json   the state machine; its template fills in the substitutions
    root.yaml, ...       the templates, as they are in cfn/: where the package lies is a parameter of theirs

The digests are of the state machine (`asl`), the functions' own code (`code`), the templates of the stacks (`cfn`) and the
zip, by the functions in `digests.py`, with which runs of scenarios note what they ran.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator import __version__
from simulator.errors import Problem, UserError
from simulator.packaging.archive import archive
from simulator.packaging.digests import Source, bytes_digest, code_digest, combined, file_digest, files_digest, read_bytes
from simulator.packaging.vendoring import libraries, python_files

FORMAT = 1
MANIFEST, ZIP, DEFINITION, ROOT = "manifest.json", "functions.zip", "recovery_plan.asl.json", "root.yaml"
_KINDS = ("asl", "code", "cfn", "zip")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package is: `digests` by kind (asl, code, cfn, zip), `files` and their digests, `libraries` and versions."""

    digests: Mapping[str, str]
    files: Mapping[str, str]
    libraries: Mapping[str, str]
    drsim: str = __version__

    @property
    def key(self) -> str:
        """A short name that only this package has: what its objects in a bucket begin with."""
        return combined(self.files).removeprefix("sha256:")[:16]


def contents(root: Path) -> tuple[dict[str, bytes], Manifest]:
    """The package of the orchestrator in a folder with asl/, orchestration/ and cfn/: its files by name, and its manifest.

    Raises UserError for what is missing or cannot be packaged.
    """
    _require(root)
    source = Source(root / "orchestration", "orchestration")
    needed = libraries(python_files(source.files()), root / "requirements.lock")
    zipped = {name: data for library in needed for name, data in library.files.items()}
    zipped |= {name: read_bytes(path) for name, path in source.files()}
    templates = dict(_templates(root))
    files = {name: read_bytes(path) for name, path in templates.items()}
    files |= {path.name: read_bytes(path) for path in sorted((root / "cfn" / "accounts").glob("*.yaml"))}
    files |= {ZIP: archive(zipped), DEFINITION: read_bytes(root / "asl" / DEFINITION)}
    digests = {
        "asl": file_digest(root / "asl" / DEFINITION),
        "code": code_digest([source]),
        "cfn": files_digest(templates.items()),
        "zip": bytes_digest(files[ZIP]),
    }
    names = {name: bytes_digest(data) for name, data in sorted(files.items())}
    return files, Manifest(digests, names, {library.name: library.version for library in needed})


def write(root: Path, folder: Path) -> Manifest:
    """Package the orchestrator in `root` into a folder, which it alone may fill. Raises UserError."""
    files, manifest = contents(root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        (folder / MANIFEST).write_text(_text(manifest), "utf-8", newline="\n")
    except OSError as error:
        raise UserError([Problem(str(folder), f"cannot be written: {error.strerror}")]) from None
    return manifest


def read(folder: Path) -> Manifest:
    """The manifest of a package, when all its files are as it says. Raises UserError with every file that is not."""
    manifest = _parsed(folder / MANIFEST)
    problems = []
    for name, digest in manifest.files.items():
        path = folder / name
        if not path.is_file():
            problems.append(Problem(str(path), "the manifest names this file, and it is missing"))
        elif file_digest(path) != digest:
            problems.append(Problem(str(path), "was changed after it was packaged", "run drsim package again"))
    if problems:
        raise UserError(problems)
    return manifest


def _require(root: Path) -> None:
    missing = [name for name in (f"asl/{DEFINITION}", "orchestration", f"cfn/{ROOT}") if not (root / name).exists()]
    if missing:
        raise UserError([Problem(str(root), f"there is no {name} here") for name in missing])


def _templates(root: Path) -> list[tuple[str, Path]]:
    return [(path.name, path) for path in sorted((root / "cfn").glob("*.yaml"))]


def _text(manifest: Manifest) -> str:
    document = {
        "format": FORMAT,
        "drsim": manifest.drsim,
        "digests": dict(manifest.digests),
        "files": dict(manifest.files),
        "libraries": dict(manifest.libraries),
    }
    return json.dumps(document, indent=2) + "\n"


def _parsed(path: Path) -> Manifest:
    try:
        document = json.loads(read_bytes(path))
        if document["format"] != FORMAT:
            raise UserError([Problem(str(path), f"expected format {FORMAT}, found {document['format']!r}")])
        digests = {kind: str(document["digests"][kind]) for kind in _KINDS}
        files = {str(name): str(digest) for name, digest in document["files"].items()}
        return Manifest(digests, files, dict(document["libraries"]), str(document["drsim"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError([Problem(str(path), "is not the manifest of a package", "drsim package writes one")]) from None
