"""Finding scenario files under the paths that a person names."""

import os
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from simulator.errors import Problem, ScenarioError, UserError
from simulator.scenario.text import read_text
from simulator.scenario.tree import read_tree

_SUFFIXES = (".yaml", ".yml")
_TOP_LEVEL_KEY = re.compile(r"^([A-Za-z]\w*)\s*:", re.MULTILINE)
_TELLING_KEYS = frozenset({"scenario", "fleet", "faults", "expect"})
_USUAL = Path("scenarios")  # what is looked for if nothing is named
_EXAMPLE = "a scenario is a .yaml file with `scenario:` in it"


def discover(paths: Sequence[Path]) -> list[Path]:
    """The scenario files under `paths`, each once: files as they are named, folders searched and sorted.

    A file that is named is taken for a scenario, whatever is in it. In a folder, names that begin with _ or . are left out
    (parts of other files), and so is YAML that is evidently something else, without a single key that only a scenario has.
    A misspelled or broken scenario is therefore found, and reported when it is read.
    Raises UserError for paths that do not exist and folders without scenarios.
    """
    found: dict[Path, Path] = {}
    problems = []
    for path in paths:
        if not os.path.exists(path):  # unlike Path.exists, never raises
            hint = "`drsim init` sets up a project with one" if path == _USUAL else ""
            problems.append(Problem(str(path), "there is no such file or folder", hint))
            continue
        files = list(_scenarios_in(path)) if path.is_dir() else [path]
        if not files:
            problems.append(Problem(str(path), "this folder holds no scenario", _EXAMPLE))
        for file in files:
            found.setdefault(file.resolve(), file)
    if problems:
        raise UserError(problems)
    return list(found.values())


def _scenarios_in(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(name for name in folders if not name.startswith(("_", ".")))
        for name in sorted(files):
            path = Path(parent, name)
            if name.endswith(_SUFFIXES) and not name.startswith(("_", ".")) and _is_meant_as_scenario(path):
                yield path


def _refuse(error: OSError) -> None:
    raise UserError([Problem(str(error.filename), f"cannot be read: {error.strerror}")])


def _is_meant_as_scenario(path: Path) -> bool:
    try:
        text = read_text(path)
    except ScenarioError:
        return True
    keys = set(_TOP_LEVEL_KEY.findall(text))
    return not text.strip() or not keys.isdisjoint(_TELLING_KEYS) or _has_telling_key(text, keys)


def _has_telling_key(text: str, keys: set[str]) -> bool:
    try:
        data = read_tree(text, "").data
        keys = set(data) if isinstance(data, dict) else set()
    except ScenarioError:  # so broken that only its lines can tell; without any key it might be anything
        if not keys:
            return True
    return any(get_close_matches(key.lower(), _TELLING_KEYS, cutoff=0.75) for key in keys)
