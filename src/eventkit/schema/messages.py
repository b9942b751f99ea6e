"""Which code and which sentence a violated keyword gets."""

from __future__ import annotations

import json

from eventkit.schema import codes
from eventkit.schema.values import Json

_encode = json.JSONEncoder(ensure_ascii=False).encode
_LONGEST = 60
_MOST_SHOWN = 5

_CODES = {
    "required": codes.REQUIRED,
    "dependentRequired": codes.REQUIRED,
    "enum": codes.ENUM,
    "const": codes.ENUM,
    "minimum": codes.RANGE,
    "maximum": codes.RANGE,
    "exclusiveMinimum": codes.RANGE,
    "exclusiveMaximum": codes.RANGE,
    "multipleOf": codes.PRECISION,
    "pattern": codes.PATTERN,
    "format": codes.FORMAT,
    "contentEncoding": codes.FORMAT,
    "contentMediaType": codes.FORMAT,
    "minLength": codes.SIZE,
    "maxLength": codes.SIZE,
    "minItems": codes.SIZE,
    "maxItems": codes.SIZE,
    "minProperties": codes.SIZE,
    "maxProperties": codes.SIZE,
    "uniqueItems": codes.ITEMS,
    "contains": codes.ITEMS,
    "maxContains": codes.ITEMS,
    "oneOf": codes.UNION,
}

_SENTENCES = {
    codes.REQUIRED: "the subscriber requires a field that is not sent in {value}",
    codes.RANGE: "the publisher can send {value}, but the subscriber's {keyword} is {limit}",
    codes.ENUM: "the publisher can send {value}, which the subscriber does not know",
    codes.PATTERN: "the publisher can send {value}, which does not match the subscriber's {keyword} {limit}",
    codes.FORMAT: "the publisher can send {value}, which does not have the subscriber's {keyword} {limit}",
    codes.SIZE: "the publisher can send {value}, but the subscriber's {keyword} is {limit}",
    codes.ITEMS: "the publisher can send {value}, whose items break the subscriber's {keyword}",
    codes.UNION: "the publisher can send {value}, which two branches of the subscriber's oneOf take",
    codes.PRECISION: "the publisher can send {value}, which is not a multiple of {limit}, the subscriber's step",
    codes.NO_BETTER_NAME: "the publisher can send {value}, which breaks the subscriber's {keyword}",
}

_EXCLUDED = "the publisher can send {value}, which the subscriber's not {limit} excludes"


def show(value: Json) -> str:
    """Return a value as JSON, cut where it is long, but for the quotation mark at the end of a text."""
    text = _encode(value)
    if len(text) <= _LONGEST:
        return text
    if isinstance(value, str):
        return f'{text[: _LONGEST // 2]}..." ({len(value):,} characters)'
    return text[: _LONGEST - 3] + "..."


def message_of(keyword: str, schema: Json, values: list[Json]) -> tuple[str, str]:
    """Return the code of a violated keyword, and a sentence about it.

    Args:
        keyword: the keyword.
        schema: the subscriber's schema that has it.
        values: values that violate it.
    """
    code = _CODES.get(keyword, codes.NO_BETTER_NAME)
    limit = schema.get(keyword) if isinstance(schema, dict) else None
    shown = ", ".join(show(value) for value in values[:_MOST_SHOWN]) + (", ..." if len(values) > _MOST_SHOWN else "")
    sentence = _EXCLUDED if keyword == "not" else _SENTENCES[code]
    return code, sentence.format(value=shown, keyword=keyword, limit=show(limit))


def bad_key(name: str, names: Json) -> str:
    """Return a sentence about a key that the subscriber's schema for keys rejects."""
    return (
        f"the publisher can send the field {show(name)}, whose name breaks the subscriber's propertyNames {show(names)}"
    )


def missing(name: str, *, declared: bool) -> str:
    """Return a sentence about a required field that is not sent, or not always."""
    how = "does not always send" if declared else "does not declare"
    return f"the subscriber requires the field {show(name)}, which the publisher {how}"
