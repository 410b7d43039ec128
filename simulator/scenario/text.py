"""The text of a file that the user wrote."""

from pathlib import Path

from simulator.errors import Problem, ScenarioError
from simulator.scenario.nodes import Finding, position_of
from simulator.scenario.tree import located

MAX_BYTES = 256 * 1024


def read_text(path: Path) -> str:
    """A file's text. Raises ScenarioError if it cannot be read, is too large or is not UTF-8."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ScenarioError([Problem(str(path), f"cannot be read: {error.strerror}")]) from None
    if len(content) > MAX_BYTES:
        raise ScenarioError([Problem(str(path), f"expected a scenario file of at most {MAX_BYTES // 1024} KiB")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = position_of(content[: error.start].decode("utf-8", "replace"), error.start)
        finding = Finding(at, f"expected UTF-8 text, found the byte 0x{content[error.start]:02x}", "save the file as UTF-8")
        raise ScenarioError([located(finding, str(path))]) from None
