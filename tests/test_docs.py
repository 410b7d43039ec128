"""The guides know everything that there is to know of."""

import re
import runpy
from pathlib import Path

import pytest

from simulator.runner.findings import RULES

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("guide", ["fidelity.md", "targets.md"])
def test_what_is_made_from_the_code_is_current(guide: str) -> None:
    text = (DOCS / guide).read_text("utf-8")
    fresh = runpy.run_path(str(DOCS / "generated.py"))["filled"](text)
    assert "<!-- generated: " in text
    assert fresh == text, "make docs"


def test_every_finding_is_explained_and_none_that_does_not_exist() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| (.+) \|$", (DOCS / "findings.md").read_text("utf-8"), re.MULTILINE)
    assert rows == [(rule.code, str(rule.level), rule.explanation) for rule in RULES.values()]
