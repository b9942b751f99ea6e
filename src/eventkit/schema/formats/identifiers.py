"""UUIDs, JSON pointers, regular expressions and encoded texts."""

from __future__ import annotations

import base64
import binascii
import json
import re

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-([0-9a-fA-F])[0-9a-fA-F]{3}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*", re.DOTALL)
_RELATIVE_POINTER = re.compile(r"(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~[01])*)*)", re.DOTALL)


def is_uuid(text: str) -> bool:
    """Tell whether a text is a UUID of RFC 4122, section 3."""
    return _UUID.fullmatch(text) is not None


def is_json_pointer(text: str) -> bool:
    """Tell whether a text is a JSON pointer of RFC 6901."""
    return _POINTER.fullmatch(text) is not None


def is_relative_json_pointer(text: str) -> bool:
    """Tell whether a text is a relative JSON pointer (draft-bhutton-relative-json-pointer-00)."""
    return _RELATIVE_POINTER.fullmatch(text) is not None


def is_json(text: str) -> bool:
    """Tell whether a text is JSON."""
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def is_base64(text: str) -> bool:
    """Tell whether a text is base64 of RFC 4648, section 4."""
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def is_base64_json(text: str) -> bool:
    """Tell whether a text is the base64 of JSON in UTF-8."""
    if not is_base64(text):
        return False
    try:
        return is_json(base64.b64decode(text).decode())
    except UnicodeError:
        return False


def is_base64url(text: str) -> bool:
    """Tell whether a text is base64 of RFC 4648, section 5."""
    return "+" not in text and "/" not in text and is_base64(text.replace("-", "+").replace("_", "/"))


def is_regex(text: str) -> bool:
    """Tell whether a text is a regular expression of ECMA-262."""
    from eventkit.schema.regex import is_pattern

    return is_pattern(text)
