"""What is wrong with a text that is no JSON, in the words of the parser with which Step Functions reads definitions."""

import json
import re
from collections.abc import Mapping

_VALUE = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_WANTED: Mapping[str, str] = {
    "Expecting value": f"expected a valid value {_VALUE}",
    "Expecting property name enclosed in double quotes": "was expecting double-quote to start field name",
    "Expecting ':' delimiter": "was expecting a colon to separate field name and value",
}
_WORD = re.compile(r"[^\W\d]\w*")
_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
MAX_QUOTED = 500


def fault(error: json.JSONDecodeError) -> tuple[str, int]:
    """The parser's message, and the offset behind what it stumbled over."""
    text, at, said = error.doc, error.pos, error.msg
    if said.startswith("Unterminated string"):
        return "Unexpected end-of-input: was expecting closing quote for a string value", len(text)
    if at >= len(text):
        return f"Unexpected end-of-input: expected close marker for {_container(text, at)}", len(text)
    if said == "Expecting value" and (word := _WORD.match(text, at)):
        return f"Unrecognized token '{word.group()}': was expecting {_VALUE}", word.end()
    if said.startswith("Invalid control character"):
        wanted = "has to be escaped using backslash to be included in string value"
        return f"Illegal unquoted character ((CTRL-CHAR, code {ord(text[at])})): {wanted}", at + 1
    if said.startswith("Expecting ',' delimiter"):
        return f"{_unexpected(text[at])}: was expecting comma to separate {_container(text, at)} entries", at + 1
    return (f"{_unexpected(text[at])}: {_WANTED[said]}" if said in _WANTED else said), at + 1


def quoted_place(text: str, line: int, column: int) -> str:
    """Where the parser stumbled, as it says it: the text itself, cut short, and the place."""
    rest = len(text) - MAX_QUOTED
    quoted = f'"{text[:MAX_QUOTED]}"' + (f"[truncated {rest} chars]" if rest > 0 else "")
    return f"[Source: (String){quoted}; line: {line}, column: {column}]"


def _unexpected(character: str) -> str:
    return f"Unexpected character ('{character}' (code {ord(character)}))"


def _container(text: str, at: int) -> str:
    """In what an offset stands: an Object or an Array."""
    opened: list[str] = []
    for mark in _MARK.findall(text[:at]):
        if mark in "[{":
            opened.append(mark)
        elif mark in "]}" and opened:
            opened.pop()
    return "Array" if opened and opened[-1] == "[" else "Object"
