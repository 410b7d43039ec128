"""The eighteen intrinsic functions, over values that are already evaluated."""

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence

from simulator.engine.json_text import decode, encode, text_of
from simulator.engine.scope import Scope
from simulator.json_types import JsonValue

MAX_ARRAY_ITEMS = 1_000
MAX_TEXT_LENGTH = 10_000
Function = Callable[[Sequence[JsonValue], Scope], JsonValue]

_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_PLACEHOLDER = re.compile(r"\\([{}'\\])|\{\}|([{}])")


class FunctionError(Exception):
    """A function cannot do its work with these arguments."""


def _format(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    template = _string(arguments[0])
    values = iter(arguments[1:])
    used = 0

    def fill(match: re.Match[str]) -> str:
        nonlocal used
        if match[1]:
            return str(match[1])
        if match[2]:
            raise FunctionError("Matching '}' not found for '{'." if match[2] == "{" else "Matching '{' not found for '}'.")
        used += 1
        try:
            return text_of(next(values))
        except StopIteration:
            raise FunctionError(_OCCURRENCES) from None

    text = _PLACEHOLDER.sub(fill, getattr(template, "template", template))
    if used != len(arguments) - 1:
        raise FunctionError(_OCCURRENCES)
    return text


_OCCURRENCES = "The number of occurrences of {} in the template string must match the number of arguments."


def _string_to_json(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    text = _string(arguments[0])
    if not text.strip():
        return None
    try:
        value: JsonValue = decode(text)
    except ValueError as error:
        raise FunctionError("Invalid JSON string.") from error
    return value


def _json_to_string(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    return encode(arguments[0])


def _array(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    return list(arguments)


def _array_partition(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    items, size = _items(arguments[0]), _rounded(arguments[1])
    if size <= 0:
        raise FunctionError("The chunk size must be a positive integer.")
    return [items[start : start + size] for start in range(0, len(items), size)]


def _array_contains(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    wanted = _canonical(arguments[1])
    return any(_canonical(item) == wanted for item in _items(arguments[0]))


def _array_range(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    first, last, step = map(_rounded, arguments)
    if step == 0:
        raise FunctionError("The step cannot be 0.")
    numbers = range(first, last + (1 if step > 0 else -1), step)
    if len(numbers) > MAX_ARRAY_ITEMS:
        raise FunctionError(f"The array cannot have more than {MAX_ARRAY_ITEMS} items.")
    return list(numbers)


def _array_get_item(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    items, index = _items(arguments[0]), _rounded(arguments[1])
    if not 0 <= index < len(items):
        raise FunctionError(f"The index {index} is out of bounds of an array of {len(items)} items.")
    return items[index]


def _array_length(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    return len(_items(arguments[0]))


def _array_unique(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    return list({_canonical(item): item for item in reversed(_items(arguments[0]))}.values())[::-1]


def _base64_encode(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    return base64.b64encode(_short(arguments[0]).encode()).decode()


def _base64_decode(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    try:
        return base64.b64decode(_short(arguments[0]), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise FunctionError("Invalid Base64 string.") from error


def _hash(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    text = arguments[0] if isinstance(arguments[0], str) else encode(arguments[0])
    algorithm = _ALGORITHMS.get(_string(arguments[1]))
    if algorithm is None:
        raise FunctionError(f"The algorithm must be one of {', '.join(_ALGORITHMS)}.")
    return hashlib.new(algorithm, _short(text).encode(), usedforsecurity=False).hexdigest()


def _json_merge(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    left, right, deep = arguments
    if not isinstance(left, Mapping) or not isinstance(right, Mapping):
        raise FunctionError("The first two arguments must be JSON objects.")
    if deep is not False:
        raise FunctionError("Only shallow merging is supported: the third argument must be false.")
    return {**left, **right}


def _math_random(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    first, end = _rounded(arguments[0]), _rounded(arguments[1])
    if first >= end:
        raise FunctionError("The start must be less than the end.")
    draw = seeded_uniform(_rounded(arguments[2])) if len(arguments) == 3 else scope.stream().uniform()
    return first + int(draw * (end - first))


def _math_add(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    return _rounded(arguments[0]) + _rounded(arguments[1])


def _string_split(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    text, characters = _string(arguments[0]), _string(arguments[1])
    if not characters:
        return [text]
    return [piece for piece in re.split("[" + re.escape(characters) + "]", text) if piece]


def _uuid(arguments: Sequence[JsonValue], scope: Scope) -> JsonValue:
    return uuid_from(scope.stream().hex(32))


def uuid_from(digits: str) -> str:
    """A version 4 UUID made of 32 hexadecimal digits."""
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def seeded_uniform(seed: float) -> float:
    """A number in [0, 1) that depends on the seed alone: the same seed gives the same number, as it does on AWS."""
    return int.from_bytes(hashlib.blake2b(f"random {seed}".encode(), digest_size=6).digest(), "big") / (1 << 48)


def _string(value: JsonValue) -> str:
    if isinstance(value, str):
        return value
    raise FunctionError(f"Expected a string, but was '{encode(value)}'.")


def _short(value: JsonValue) -> str:
    text = _string(value)
    if len(text) > MAX_TEXT_LENGTH:
        raise FunctionError(f"The string cannot be longer than {MAX_TEXT_LENGTH} characters.")
    return text


def _items(value: JsonValue) -> Sequence[JsonValue]:
    if isinstance(value, list | tuple):
        return value
    raise FunctionError(f"Expected an array, but was '{encode(value)}'.")


def _rounded(value: JsonValue) -> int:
    """Numbers that must be whole are rounded, halves up."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FunctionError(f"Expected a number, but was '{encode(value)}'.")
    number = value if isinstance(value, int) else math.floor(value + 0.5)
    if not -(1 << 63) <= number < 1 << 63:
        raise FunctionError("A number is beyond 64 bits.")
    return number


def _canonical(value: JsonValue) -> str:
    return encode(value)


FUNCTIONS: dict[str, tuple[Function, tuple[int, int]]] = {
    "Array": (_array, (0, 1_000)),
    "ArrayContains": (_array_contains, (2, 2)),
    "ArrayGetItem": (_array_get_item, (2, 2)),
    "ArrayLength": (_array_length, (1, 1)),
    "ArrayPartition": (_array_partition, (2, 2)),
    "ArrayRange": (_array_range, (3, 3)),
    "ArrayUnique": (_array_unique, (1, 1)),
    "Base64Decode": (_base64_decode, (1, 1)),
    "Base64Encode": (_base64_encode, (1, 1)),
    "Format": (_format, (1, 1_000)),
    "Hash": (_hash, (2, 2)),
    "JsonMerge": (_json_merge, (3, 3)),
    "JsonToString": (_json_to_string, (1, 1)),
    "MathAdd": (_math_add, (2, 2)),
    "MathRandom": (_math_random, (2, 3)),
    "StringSplit": (_string_split, (2, 2)),
    "StringToJson": (_string_to_json, (1, 1)),
    "UUID": (_uuid, (0, 0)),
}
"""Each function with the least and the greatest number of its arguments."""
