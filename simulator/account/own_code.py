"""Imports of functions' own modules: as Python does them, but what was compiled for one sandbox serves all others.

A sandbox imports its code anew, as a new Lambda environment does. A run makes three sandboxes and more of the same files.
"""

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

_MODULES = 1_024  # whose compiled code is kept


def compile_once(is_own: Callable[[str], bool]) -> None:
    """Let modules whose full names `is_own` accepts be compiled once per source text, in this process, for good."""
    sys.meta_path.insert(0, _Finder(is_own))


class _Finder:
    """Finds what Python's own finder finds on the path, and gives it the loader below."""

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        self._is_own = is_own

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The module's spec, or None for what is not a function's own."""
        spec = PathFinder.find_spec(name, path, target) if self._is_own(name) else None
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def source_to_code(self, data: Any, path: Any, **_: int) -> CodeType:  # type: ignore[override]  # typeshed: static
        return _compiled(bytes(data), str(path))


@lru_cache(_MODULES)
def _compiled(source: bytes, path: str) -> CodeType:
    code: CodeType = compile(source, path, "exec", dont_inherit=True)
    return code
