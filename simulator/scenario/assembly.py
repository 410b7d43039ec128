"""A scenario put together from several files: its folder's defaults, what it `extends`, and what it includes.

At the bottom lie the folder's defaults, over them what is extended, over that the file itself: its values win, its lists
replace, its mappings are joined. The lists of an included file stand before the file's own. Every value remembers the file
that it is written in, for messages; paths in other files start from those files' folders.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from simulator.json_types import JsonValue
from simulator.scenario.nodes import Finding
from simulator.scenario.overlay import joined
from simulator.scenario.text import read_text
from simulator.scenario.tree import Location, Tree, read_tree

DEFAULTS = "_defaults.yaml"
_SYSTEM = "system"  # in whose place the name of a file with it may stand
_YAML = (".yaml", ".yml")

# Where paths stand in a scenario, `*` for any key. A profile is one only where it is the name of a YAML file.
_PATHS: tuple[Location, ...] = (
    ("system",),
    ("system", "fixtures"),
    ("system", "documents", "*"),
    ("system", "stateMachine"),
    ("system", "template"),
    ("system", "buckets", "*", "*"),
    ("system", "handlers", "*"),
    ("system", "handlers", "*", "code"),
    ("system", "handlers", "*", "layers", "*"),
    ("system", "start", "input"),
    ("fleet", "profile"),
    ("mocks",),
    ("plan",),
    ("expect", "check"),
    ("expect", "check", "*"),
    ("thresholds", "drift", "baseline"),
)


@dataclass(frozen=True, slots=True)
class _Document:
    """One of the files: what is in it, where it is, and how it is called in messages (empty: the scenario itself)."""

    tree: Tree
    path: Path
    shown: str


def assembled(tree: Tree, path: Path) -> Tree:
    """The document of the file `path` with all that it builds on. Raises ScenarioError for files that cannot be read."""
    whole = _whole(_Document(tree, path, ""), path.parent, ())
    defaults = path.parent / DEFAULTS
    if path.name == DEFAULTS or not os.path.isfile(defaults):
        return whole
    below = _Document(read_tree(read_text(defaults), str(defaults)), defaults, str(defaults))
    return joined(_whole(below, path.parent, ()), whole)


def _whole(document: _Document, base: Path, chain: tuple[Path, ...]) -> Tree:
    """A document with all that it builds on; `chain` are the files that led here, `base` is where paths are to start."""
    own, chain = _placed(document, base), (*chain, document.path.resolve())
    problems: list[Finding] = []
    for system in _named(document, (_SYSTEM,), chain, problems):
        own = joined(_placed(system, base, below=_SYSTEM), _without(own, _SYSTEM))
        for fixtures in _named(system, ("fixtures",), chain, problems):
            own = joined(_placed(fixtures, base, below=_SYSTEM), own)
    for fixtures in _named(document, (_SYSTEM, "fixtures"), chain, problems):
        own = joined(_placed(fixtures, base, below=_SYSTEM), own)
    parts = [_whole(part, base, chain) for part in _named(document, ("include",), chain, problems)]
    for part in reversed(parts):
        own = joined(part, own, appending=True)
    for extended in _named(document, ("extends",), chain, problems):
        own = joined(_whole(extended, base, chain), own)
    return replace(own, findings=(*own.findings, *problems))


def _without(tree: Tree, key: str) -> Tree:
    """The document without one of its keys."""
    data = tree.data
    return replace(tree, data={name: one for name, one in data.items() if name != key}) if isinstance(data, dict) else tree


def _named(document: _Document, where: Location, chain: tuple[Path, ...], problems: list[Finding]) -> Iterator[_Document]:
    """The documents that a document names under a key; what is no such file becomes a problem."""
    value = document.tree.data
    for key in where:
        value = value.get(str(key)) if isinstance(value, dict) else None
    written = value if isinstance(value, list) else [value]
    for index, name in enumerate(written):
        if not isinstance(name, str):
            continue  # the model says so, where it is more than nothing
        location: Location = (*where, index) if isinstance(value, list) else where
        position = replace(document.tree.value_position(location), file=document.shown)
        path = document.path.parent / name
        if not os.path.isfile(path):
            problems.append(Finding(position, f"there is no file {name}", f"looked for {path.absolute()}"))
        elif path.resolve() in chain:
            problems.append(Finding(position, f"{name} builds on itself", "remove one of the references"))
        else:
            shown = os.path.normpath(path)
            yield _Document(read_tree(read_text(path), shown), path, shown)


def _placed(document: _Document, base: Path, *, below: str = "") -> Tree:
    """The document as a part of another: positions name its file, and its paths start from the other's folder.

    With `below` it is what stands under that key.
    """
    if not document.shown:
        return document.tree
    tree, shown, prefix = document.tree, document.shown, (below,) if below else ()
    folder = os.path.relpath(document.path.parent.absolute(), base.absolute())
    data: JsonValue = _rebased(tree.data, prefix, folder) if folder != "." else tree.data
    return Tree(
        {below: data} if below else data,
        {(*prefix, *location): replace(position, file=shown) for location, position in tree.keys.items()},
        {(*prefix, *location): replace(position, file=shown) for location, position in tree.values.items()},
        tuple(replace(finding, position=replace(finding.position, file=shown)) for finding in tree.findings),
    )


def _rebased(data: JsonValue, location: Location, folder: str) -> JsonValue:
    if isinstance(data, dict):
        return {key: _rebased(value, (*location, key), folder) for key, value in data.items()}
    if isinstance(data, list):
        return [_rebased(value, (*location, index), folder) for index, value in enumerate(data)]
    is_path = isinstance(data, str) and any(_matches(location, pattern) for pattern in _PATHS)
    if not is_path or str(data).startswith("${") or (location[-1] == "profile" and not str(data).endswith(_YAML)):
        return data
    return os.path.join(folder, str(data))


def _matches(location: Location, pattern: Location) -> bool:
    pairs = zip(location, pattern, strict=False)
    return len(location) == len(pattern) and all(wanted in ("*", part) for part, wanted in pairs)
