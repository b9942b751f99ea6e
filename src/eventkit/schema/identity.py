"""Schemas of the two sides that are the same: what a shared definition accepts, it accepts on both sides.

Only what is written is compared, and what it refers to; neither the order of keywords and fields counts, nor
annotations. It is a shortcut for large parts that both sides share; where it says no, nothing is known.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from eventkit.schema.budget import Budget, Undecided
from eventkit.schema.documents import SUBSCHEMA_LISTS, SUBSCHEMA_MAPS, SUBSCHEMAS, Document, Outside, Resource
from eventkit.schema.keywords import ASSERTED
from eventkit.schema.values import Json

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node

_SETS = frozenset({"enum", "required", "type"})
_MAY_HOLD_SCHEMAS = SUBSCHEMAS | SUBSCHEMA_LISTS | SUBSCHEMA_MAPS
_DYNAMIC = frozenset({"$dynamicRef", "$recursiveRef"})
_PLAIN = 0
"""The version of marshal's format that tells nothing of how values lie in memory, only which they are."""
_MAY_REFER = b"$"
"""In the bytes of each schema that refers to something, as all keywords that do so begin with it."""
_FREE = 6
"""That two schemas have the same fields costs a step for every 64 of them."""
_encode = json.JSONEncoder(sort_keys=True).encode

_Schema = tuple[Json, Resource]
_Pair = tuple[_Schema, _Schema]
_Key = tuple[int, ...]


class Identity:
    """Tells which schemas of two documents are the same; what was found out about one pair serves the next.

    Args:
        budget: pays for the comparisons.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._known: dict[_Key, bool] = {}
        self._plain: dict[tuple[int, int], bool] = {}

    def __call__(self, one: Node, other: Node) -> bool:
        """Tell whether two schemas are the same, with all that they refer to: what the one accepts, the other does.

        A publisher's schema that is closed accepts a part of what the same schema accepts when it is open.
        """
        if (
            one.raw is None
            or other.raw is None
            or (other.setting.closing and other.setting.closing != one.setting.closing)
        ):
            return False
        first = (one.raw, one.resource), (other.raw, other.resource)
        if (known := self._known.get(_key(first))) is not None:
            return known
        met: set[_Key] = set()
        above: list[_Key] = []
        parts: list[Iterator[_Pair]] = [iter((first,))]
        while parts:
            pair = next(parts[-1], None)
            if pair is None:
                parts.pop()
                del above[-1:]
                continue
            key = _key(pair)
            if key in met or self._known.get(key):
                continue
            met.add(key)
            following = None if key in self._known else self._compared(pair, one.document, other.document)
            if following is None:  # neither is what leads here the same
                self._known.update(dict.fromkeys((*above, key), False))
                return False
            above.append(key)
            parts.append(following)
        self._known.update(dict.fromkeys(met, True))
        return True

    def is_plain_to_see(self, one: Node, other: Node) -> bool:
        """Tell whether two schemas that refer to nothing are written alike, to the letter; neither is parsed for it."""
        if not isinstance(one.raw, dict) or one.raw != other.raw or one.dialect != other.dialect:
            return False
        if other.setting.closing and other.setting.closing != one.setting.closing:
            return False
        key = one.id, other.id
        if key not in self._plain:
            # The bytes tell true from 1, and are made ten times as fast as JSON.
            text = marshal.dumps(one.raw, _PLAIN)
            self._budget.spend(len(text) >> 10)
            self._plain[key] = _MAY_REFER not in text and text == marshal.dumps(other.raw, _PLAIN)
        return self._plain[key]

    def _compared(self, pair: _Pair, document: Document, other_document: Document) -> Iterator[_Pair] | None:
        """Return the pairs that must be the same for this one to be the same, or None if it is plain that it is not.

        They are made one by one: there may be many, and most comparisons end early.
        """
        self._budget.spend()
        (left, left_base), (right, right_base) = pair
        if not isinstance(left, dict) or not isinstance(right, dict):
            return iter(()) if _encode(left) == _encode(right) else None
        keywords = ASSERTED.intersection(left)
        if keywords != ASSERTED.intersection(right) or not keywords.isdisjoint(_DYNAMIC):
            return None
        if left_base.dialect != right_base.dialect:
            return None
        following: list[Iterable[_Pair]] = []
        for keyword in keywords:
            one, other = left[keyword], right[keyword]
            if keyword == "$ref":
                to, other_to = _resolved(document, one, left_base), _resolved(other_document, other, right_base)
                if isinstance(to, tuple) and isinstance(other_to, tuple):
                    following.append(((to, other_to),))
                elif to is None or to != other_to:
                    return None
                continue
            if keyword not in _MAY_HOLD_SCHEMAS:
                if not _says_the_same(keyword, one, other):
                    return None
                continue
            parts = _parts(keyword, one, other)
            if parts is None:
                return None
            self._budget.spend(len(parts) >> _FREE)
            following.append(
                ((child, document.resource_of(child, left_base)), (twin, other_document.resource_of(twin, right_base)))
                for child, twin in parts
            )
        return chain.from_iterable(following)


def _key(pair: _Pair) -> _Key:
    (left, left_base), (right, right_base) = pair
    return id(left), id(left_base), id(right), id(right_base)


def _parts(keyword: str, one: Json, other: Json) -> list[tuple[Json, Json]] | None:
    """Return the schemas in the value of a keyword that must be the same, or None if the values differ anyway."""
    children, twins = _children(keyword, one), _children(keyword, other)
    if children is None or twins is None:
        return [] if _says_the_same(keyword, one, other) else None
    if children.keys() != twins.keys():
        return None
    return [(child, twins[name]) for name, child in children.items()]


def _children(keyword: str, value: Json) -> dict[Any, Json] | None:
    """Return the schemas in the value of a keyword, or None if it has none."""
    if isinstance(value, dict):
        if keyword in SUBSCHEMA_MAPS:
            return value
        return {"": value} if keyword in SUBSCHEMAS else None
    return dict(enumerate(value)) if isinstance(value, list) and keyword in SUBSCHEMA_LISTS else None


def _says_the_same(keyword: str, one: Json, other: Json) -> bool:
    """Tell whether two values of a keyword without schemas in it mean the same."""
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    if keyword in _SETS and isinstance(one, list) and isinstance(other, list):
        return frozenset(map(_encode, one)) == frozenset(map(_encode, other))
    return _encode(one) == _encode(other)


def _resolved(document: Document, reference: Json, base: Resource) -> _Schema | str | None:
    """Return what a reference leads to, or its URI where it leads out of the document."""
    try:
        place = document.resolve(reference, base)
    except Outside as outside:
        return outside.uri
    except Undecided:
        return None
    return place.raw, place.resource
