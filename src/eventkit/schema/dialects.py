"""The drafts of JSON Schema, and which keywords each of them understands."""

from __future__ import annotations

from typing import Any, Final, Literal

Dialect = Literal["draft-04", "draft-06", "draft-07", "2019-09", "2020-12"]

DIALECT_URIS: Final[dict[str, Dialect]] = {
    "http://json-schema.org/draft-04/schema": "draft-04",
    "http://json-schema.org/draft-06/schema": "draft-06",
    "http://json-schema.org/draft-07/schema": "draft-07",
    "https://json-schema.org/draft/2019-09/schema": "2019-09",
    "https://json-schema.org/draft/2020-12/schema": "2020-12",
}

LONE_REFERENCES: Final = frozenset({"draft-04", "draft-06", "draft-07"})
"""Dialects in which `$ref` makes everything beside it void."""

_ORDER: Final[tuple[Dialect, ...]] = ("draft-04", "draft-06", "draft-07", "2019-09", "2020-12")
_SPANS: Final[dict[str, tuple[Dialect, Dialect]]] = {
    "additionalItems": ("draft-04", "2019-09"),
    "const": ("draft-06", "2020-12"),
    "contains": ("draft-06", "2020-12"),
    "contentEncoding": ("draft-07", "draft-07"),
    "contentMediaType": ("draft-07", "draft-07"),
    "dependencies": ("draft-04", "draft-07"),
    "dependentRequired": ("2019-09", "2020-12"),
    "dependentSchemas": ("2019-09", "2020-12"),
    "if": ("draft-07", "2020-12"),
    "maxContains": ("2019-09", "2020-12"),
    "minContains": ("2019-09", "2020-12"),
    "prefixItems": ("2020-12", "2020-12"),
    "propertyNames": ("draft-06", "2020-12"),
    "unevaluatedItems": ("2019-09", "2020-12"),
    "unevaluatedProperties": ("2019-09", "2020-12"),
    "$dynamicRef": ("2020-12", "2020-12"),
    "$recursiveRef": ("2019-09", "2019-09"),
}
"""The first and the last dialect that asserts a keyword, where it is not all of them."""

_STRANGE: Final[dict[Dialect, frozenset[str]]] = {
    dialect: frozenset(
        keyword for keyword, (first, last) in _SPANS.items() if not _ORDER.index(first) <= rank <= _ORDER.index(last)
    )
    for rank, dialect in enumerate(_ORDER)
}


def understood(raw: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Return a schema without the keywords that say nothing in its dialect."""
    if "$ref" in raw and dialect in LONE_REFERENCES:
        return {"$ref": raw["$ref"]}
    strange = _STRANGE[dialect]
    return raw if strange.isdisjoint(raw) else {keyword: raw[keyword] for keyword in raw if keyword not in strange}
