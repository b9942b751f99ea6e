"""`$ref`, `$dynamicRef` and `$recursiveRef`: edges of the graph.

The dynamic scope is part of a node's identity (`nodes.Graph.node`), so that a dynamic reference leads to one place
from each node, and the rest of the engine need not know of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventkit.schema.documents import Place
from eventkit.schema.keywords.logic import AllOf
from eventkit.schema.values import Json

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node

KEYWORDS = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})


def parse(raw: dict[str, Json], node: Node) -> tuple[AllOf, ...]:
    """Return the constraint of each reference: the schema that it leads to must hold."""
    found = []
    for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
        if keyword not in raw:
            continue
        if keyword == "$ref":
            place = node.document.resolve(raw[keyword], node.resource)
        elif keyword == "$dynamicRef":
            place = _dynamic(raw[keyword], node, str(raw[keyword]).partition("#")[2], "$dynamicAnchor")
        else:
            place = _dynamic(raw[keyword], node, "", "$recursiveAnchor")
        found.append(AllOf(keyword, (node.referred(place),)))
    return tuple(found)


def _dynamic(reference: Json, node: Node, anchor: str, declared_by: str) -> Place:
    place = node.document.resolve(reference, node.resource)
    if isinstance(place.raw, dict) and place.raw.get(declared_by) in (anchor, True):
        for resource in node.setting.scope:
            if anchor in resource.dynamic:
                raw, pointer = resource.dynamic[anchor]
                return Place(raw, pointer, resource)
    return place
