"""The guides know everything that there is to know of."""

import re
from pathlib import Path

from simulator.runner.findings import RULES

DOCS = Path(__file__).parents[1] / "docs"


def test_every_finding_is_explained_and_none_that_does_not_exist() -> None:
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| (.+) \|$", (DOCS / "findings.md").read_text("utf-8"), re.MULTILINE)
    assert rows == [(rule.code, str(rule.level), rule.explanation) for rule in RULES.values()]
