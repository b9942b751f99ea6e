"""JSON as RFC 8259 means it: no duplicate keys, no NaN, no infinities, no half characters, bounded size and depth.

The standard library's reader keeps the last of two equal keys and accepts `NaN`; an event that says two things at once
has no meaning that two services would agree on.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pydantic_core import from_json, to_json

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """How large an event may be.

    Args:
        max_bytes: Size of the event's data, in bytes.
        max_depth: Levels of nested arrays and objects.
    """

    max_bytes: int = 1_048_576
    max_depth: int = 100


DEFAULT_LIMITS: Final = Limits()


class StrictJSONError(ValueError):
    """The text is not JSON, or not JSON that everybody reads in the same way.

    Args:
        message: What is wrong.
        position: The line and the column where that is known, 1 for the first.
    """

    def __init__(self, message: str, position: tuple[int, int] = (1, 1)) -> None:
        super().__init__(message)
        self.position = position


class DuplicateKeyError(StrictJSONError):
    """A key stands twice in one object."""


class NumberError(StrictJSONError):
    """A number is not finite."""


def loads(raw: bytes | str, limits: Limits = DEFAULT_LIMITS) -> Any:
    """Parse one JSON text.

    Args:
        raw: UTF-8 bytes or text.
        limits: The largest size and depth accepted.

    Returns:
        The value, as `json.loads` gives it.

    Raises:
        StrictJSONError: Not JSON, not UTF-8, a key twice in one object, a number that is not finite, an integer of
            thousands of digits, half of a surrogate pair, too large or too deep.
    """
    text = _decoded(raw, limits)
    value = _parsed(_DECODER.decode, text, limits)
    _check_depth(value, text, limits)
    _check_surrogates(value, text)
    return value


def check(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> None:
    """Raise StrictJSONError where `loads` would; much faster for what pydantic has written.

    Args:
        raw: UTF-8 bytes.
        limits: The largest size and depth accepted.
    """
    if len(raw) <= limits.max_bytes and raw.count(b"{") + raw.count(b"[") <= limits.max_depth:
        try:
            # What is written again as the same bytes has no key twice, and no number that became infinite.
            if to_json(from_json(raw, allow_inf_nan=False, cache_strings="keys")) == raw:
                return
        except ValueError:
            pass
    loads(raw, limits)


def members(raw: bytes | str, limits: Limits = DEFAULT_LIMITS) -> dict[str, tuple[Any, str]]:
    """Parse one JSON text that is an object, and keep the text of its members.

    Args:
        raw: UTF-8 bytes or text.
        limits: The largest size and depth accepted.

    Returns:
        For each name the value, as `json.loads` gives it, and its text as it stands in `raw`.

    Raises:
        StrictJSONError: As for `loads`, and where it is no object.
    """
    text = _decoded(raw, limits)
    found = _parsed(_members, text, limits)
    values = {name: value for name, (value, _) in found.items()}
    _check_depth(values, text, limits)
    _check_surrogates(values, text)
    return found


def _decoded(raw: bytes | str, limits: Limits) -> str:
    if len(raw) > limits.max_bytes:
        raise StrictJSONError(f"{len(raw):,} bytes, more than the limit of {limits.max_bytes:,}")
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJSONError(f"not UTF-8: byte {error.start} is {error.object[error.start]:#04x}") from None
    if text.startswith("\ufeff"):
        raise StrictJSONError("not JSON: it begins with a byte order mark")
    return text


def _check_depth(value: Any, text: str, limits: Limits) -> None:
    # Almost every event has fewer brackets than the limit has levels, and then no walk is needed.
    if text.count("{") + text.count("[") <= limits.max_depth:
        return
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(limits.max_depth):
        # The types are exactly these, and asking for them in place is what keeps large documents fast.
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node)
            if type(child) is dict or type(child) is list
        ]
        if not level:
            return
    raise _too_deep(limits)


def _check_surrogates(value: Any, text: str) -> None:
    # Only an escape can bring half of a pair into text that was UTF-8.
    if "\\u" in text and _SURROGATE.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise StrictJSONError("text with half of a surrogate pair") from None


def _parsed(parse: Callable[[str], T], text: str, limits: Limits) -> T:
    try:
        return parse(text)
    except StrictJSONError:
        raise
    except json.JSONDecodeError as error:
        raise StrictJSONError(f"not JSON: {error}", (error.lineno, error.colno)) from None
    except RecursionError:
        raise _too_deep(limits) from None
    except ValueError:  # what `int` says of thousands of digits, which would take it long
        raise StrictJSONError("not readable everywhere: an integer has thousands of digits") from None


def _members(text: str) -> dict[str, tuple[Any, str]]:
    found: dict[str, tuple[Any, str]] = {}
    if _EMPTY_OBJECT.fullmatch(text):
        return found
    before = _OPENING.match(text)
    if before is None:
        raise StrictJSONError("no JSON object")
    while before[1] != "}":
        start = before.end()
        colon = _NAME.match(text, start)
        if colon is None:
            raise json.JSONDecodeError("Expecting the name of a member", text, start)
        name = colon[1] if "\\" not in colon[1] else _DECODER.decode(f'"{colon[1]}"')
        value, end = _DECODER.raw_decode(text, colon.end())
        if name in found:
            raise _twice(name)
        found[name] = value, text[colon.end() : end]
        before = _SEPARATOR.match(text, end)
        if before is None:
            raise json.JSONDecodeError("Expecting ',' or '}'", text, end)
    if before.end() != len(text):
        raise json.JSONDecodeError("Extra data", text, before.end())
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        raise _twice(next(name for name, _ in pairs if name in seen or seen.add(name)))  # type: ignore[func-returns-value]
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NumberError(f"the number {text[:40]} is too large for a double")
    return number


def _refuse_constant(name: str) -> Any:
    raise NumberError(f"{name} is not JSON")


def _twice(name: str) -> DuplicateKeyError:
    return DuplicateKeyError(f"the key {name[:100]!r} stands twice in one object")


def _too_deep(limits: Limits) -> StrictJSONError:
    return StrictJSONError(f"nested deeper than {limits.max_depth} levels")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite, parse_constant=_refuse_constant)
_SPACE: Final = r"[ \t\n\r]*"
_EMPTY_OBJECT: Final = re.compile(rf"{_SPACE}\{{{_SPACE}\}}{_SPACE}")
_OPENING: Final = re.compile(rf"{_SPACE}(\{{){_SPACE}")
_NAME: Final = re.compile(rf'"((?:[^"\\\x00-\x1f]|\\.)*)"{_SPACE}:{_SPACE}')
_SEPARATOR: Final = re.compile(rf"{_SPACE}([,}}]){_SPACE}")
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
