"""The JSONata library in pure Python: where the other has no wheel, for syntax trees, and for second opinions."""

import re
import sys
from functools import cache
from typing import Any

MAX_REPETITIONS = 2
_REPETITION = re.compile(r"\\.|[*+}]")
_REPEATED_GROUP = re.compile(r"\([^)]*[*+}|][^)]*\)\s*[*+{]")


class ExplosivePattern(ValueError):
    """A regular expression that may be matched in too many ways to try."""


@cache
def library() -> Any:
    """The library. It raises Python's recursion limit for everybody when it is loaded; that is undone."""
    limit = sys.getrecursionlimit()
    import jsonata  # noqa: PLC0415 - loaded when first needed

    sys.setrecursionlimit(limit)
    return jsonata


def cautious_pattern(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """A pattern of the standard library, which tries every way to match. Raises `ExplosivePattern`, re.error."""
    repetitions = [sign for sign in _REPETITION.findall(pattern) if len(sign) == 1]
    if len(repetitions) > MAX_REPETITIONS or _REPEATED_GROUP.search(pattern):
        raise ExplosivePattern(f"/{pattern}/ may be matched in too many ways")
    return re.compile(pattern, flags)


def regex_engine(pattern: str, flags: Any) -> re.Pattern[str]:
    """What the library compiles the regular expressions of an expression with."""
    ignore = re.IGNORECASE if flags.case_insensitive else 0
    return cautious_pattern(pattern, ignore | (re.MULTILINE if flags.multiline else 0))
