"""Where the function or the constant that a mutant is in is used: what it breaks may show there alone."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks.mutation.mutants import Mutant


def uses(root: Path, mutant: Mutant) -> Iterator[tuple[str, int]]:
    """The mutant's own (file, line), and those of the production side's code that name what it is in."""
    yield mutant.file, mutant.line
    names = _names(root / mutant.file, mutant.line) if mutant.file.endswith(".py") else []
    wanted = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b") if names else None
    for file in sorted((root / "orchestration").glob("*.py")) if wanted else ():
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            if wanted.search(line) and not line.startswith(("from ", "import ")):
                yield file.relative_to(root).as_posix(), number


def _names(file: Path, line: int) -> list[str]:
    """What the module's statement at a line defines."""
    for statement in ast.parse(file.read_text("utf-8")).body:
        if statement.lineno <= line <= (statement.end_lineno or line):
            if isinstance(statement, ast.FunctionDef | ast.ClassDef):
                return [statement.name]
            return [one.id for one in ast.walk(statement) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    return []
