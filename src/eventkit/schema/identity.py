"""Schemas of the two sides that are the same: what a shared definition accepts, it accepts on both sides.

Only the text is compared, and the text of what it refers to. It is a shortcut for large parts that both sides share;
where it says no, nothing is known.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from eventkit.schema.budget import Undecided
from eventkit.schema.documents import Resource
from eventkit.schema.values import Json

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node

_MOST_REFERENCES = 200
_SCOPED = ("$id", "$dynamicRef", "$recursiveRef")


def are_identical(publisher: Node, subscriber: Node) -> bool:
    """Tell whether two schemas are written alike, with all that they refer to.

    A publisher's schema that is closed accepts a part of what the same schema accepts when it is open.
    """
    if not isinstance(publisher.raw, dict) or publisher.dialect != subscriber.dialect:
        return False
    todo: list[tuple[Json, Json, Resource, Resource]] = [
        (publisher.raw, subscriber.raw, publisher.resource, subscriber.resource)
    ]
    seen: set[str] = set()
    while todo:
        left, right, left_base, right_base = todo.pop()
        if left != right or json.dumps(left, sort_keys=True) != json.dumps(right, sort_keys=True):
            return False  # the second test tells true from 1
        references = _references(left)
        if references is None or len(seen) > _MOST_REFERENCES:
            return False
        for reference in references - seen:
            seen.add(reference)
            try:
                one = publisher.document.resolve(reference, left_base)
                other = subscriber.document.resolve(reference, right_base)
            except Undecided:
                return False
            todo.append((one.raw, other.raw, one.resource, other.resource))
    return True


def _references(schema: Json) -> set[str] | None:
    """Return all references in a schema, or None where they depend on more than their text."""
    found: set[str] = set()
    todo = [schema]
    while todo:
        part = todo.pop()
        if isinstance(part, list):
            todo.extend(part)
        elif isinstance(part, dict):
            if any(keyword in part for keyword in _SCOPED):
                return None
            if "$ref" in part:
                if not isinstance(part["$ref"], str):
                    return None
                found.add(part["$ref"])
            todo.extend(part.values())
    return found
