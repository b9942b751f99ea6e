"""JSON as RFC 8259 means it: no duplicate keys, no NaN, no infinities, bounded size and depth.

The standard library's reader keeps the last of two equal keys and accepts `NaN`; an event that says two things at once
has no meaning that two services would agree on.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an event may be.

    Args:
        max_bytes: Size of the event's data or of a structured document, in bytes.
        max_depth: Levels of nested arrays and objects.
    """

    max_bytes: int = 1_048_576
    max_depth: int = 100


DEFAULT_LIMITS: Final = Limits()


class StrictJSONError(ValueError):
    """The text is not JSON, or not JSON that everybody reads in the same way."""


def loads(raw: bytes | str, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Parse one JSON text.

    Args:
        raw: UTF-8 bytes or text.
        limits: The largest size and depth accepted.

    Returns:
        The value, as `json.loads` gives it.

    Raises:
        StrictJSONError: Not JSON, not UTF-8, a key twice in one object, a number that is not finite, too large or too
            deep.
    """
    text = decode_text(raw, limits)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise StrictJSONError(f"not JSON: {error}") from None
    except RecursionError:
        raise StrictJSONError(f"nested deeper than {limits.max_depth} levels") from None
    check_depth(value, text, limits)
    return value


def decode_text(raw: bytes | str, limits: Limits) -> str:
    """Return the text of `raw`; raises StrictJSONError where it is too large or not UTF-8."""
    if len(raw) > limits.max_bytes:
        raise StrictJSONError(f"{len(raw):,} bytes, more than the limit of {limits.max_bytes:,}")
    if isinstance(raw, str):
        return raw
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJSONError(f"not UTF-8: byte {error.start} is {raw[error.start]:#04x}") from None


def check_depth(value: Any, text: str, limits: Limits) -> None:
    """Raise StrictJSONError where `value`, read from `text`, is nested deeper than the limit."""
    # Almost every event has fewer brackets than the limit has levels, and then no walk is needed.
    if text.count("{") + text.count("[") <= limits.max_depth:
        return
    level = [value]
    for _ in range(limits.max_depth):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise StrictJSONError(f"nested deeper than {limits.max_depth} levels")


def _children(node: Any) -> list[Any]:
    members = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [member for member in members if isinstance(member, dict | list)] if members else []


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise StrictJSONError(f"the key {twice!r} stands twice in one object")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise StrictJSONError(f"the number {text[:40]} is too large for a double")
    return number


def _refuse_constant(name: str) -> Any:
    raise StrictJSONError(f"{name} is not JSON")


def _integer(text: str) -> int:
    # int() refuses more than 4,300 digits with a message about interpreter settings.
    if len(text) > 1000:
        raise StrictJSONError(f"an integer of {len(text):,} digits")
    return int(text)


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_finite, parse_int=_integer, parse_constant=_refuse_constant
)
