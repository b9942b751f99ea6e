"""Payload schemas: taken out of the document, each with everything that it refers to.

A schema in a document refers to others by their place in the document. In a contract it stands alone, so what it
refers to goes with it as `$defs`. Names of definitions are the same for all messages of a document.

Which draft a schema follows: that of its `$schema`, else of its `schemaFormat`. AsyncAPI's own Schema Object is a
superset of draft 7 (AsyncAPI 3.0.0, "Schema Object"), but what generators put there today is mostly 2020-12. The two
read almost every schema alike. Only where one holds a keyword with another meaning in draft 7, or none in 2020-12, it
is marked as draft 7; a schema without `$schema` is 2020-12.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any, Final

from eventkit.discovery.asyncapi.document import Document, Node
from eventkit.discovery.asyncapi.keywords import map_subschemas, subschemas
from eventkit.discovery.contract import Place

DRAFT_7: Final = "http://json-schema.org/draft-07/schema#"
_DRAFT_2020_12: Final = "https://json-schema.org/draft/2020-12/schema"
_SCHEMA_FORMATS: Final = (
    (re.compile(r"application/vnd\.aai\.asyncapi(\+json|\+yaml)?(;\s*version=.*)?"), None),
    (re.compile(r"application/schema(\+json|\+yaml)?;\s*version=draft-?0?7"), DRAFT_7),
    (re.compile(r"application/schema(\+json|\+yaml)?(;\s*version=(draft[-/])?2020-12)?"), _DRAFT_2020_12),
)
# What may stand beside a `$ref` without a meaning that draft 7, which ignores it, would lose.
_ANNOTATIONS: Final = frozenset({
    "$comment", "$defs", "$id", "$ref", "$schema", "default", "definitions", "deprecated", "description", "examples",
    "externalDocs", "readOnly", "title", "writeOnly",
})  # fmt: skip
_MAX_PLACES: Final = 1_000
"""Schemas of one message whose places are looked up, each once for every path to it."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A schema where it stands in the document.

    Args:
        node: The schema.
        base: The pointer of the schema document that it belongs to: where its own `$defs` are.
        dialect: The URI of the dialect that its `schemaFormat` names; None where nothing does.
    """

    node: Node
    base: str
    dialect: str | None = None

    def inside(self, node: Node) -> Payload:
        """Return a schema that stands in this one; one with an `$id` is a schema document of its own."""
        own_base = isinstance(node.value, dict) and isinstance(node.value.get("$id"), str)
        return Payload(node, node.pointer if own_base else self.base, self.dialect)

    def constant(self) -> Any:
        """Return the one value that the schema allows; None where it allows several or does not say."""
        schema = self.node.followed().value
        if not isinstance(schema, dict):
            return None
        choices = schema.get("enum")
        only = choices[0] if isinstance(choices, list) and len(choices) == 1 else None
        return schema.get("const", only)


@dataclass(slots=True)
class _Definition:
    """One schema of the document, ready to stand in `$defs`."""

    schema: Any = True
    draft_7: bool = False
    refers_to: dict[str, str] = field(default_factory=dict)
    """The pointer of each schema that it refers to, with the base of that one."""


class Schemas:
    """The payload schemas of a document.

    Args:
        document: The document.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._definitions: dict[str, _Definition] = {}
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def payload(self, node: Node) -> Payload:
        """Return the schema that a message's payload or headers are described by.

        Args:
            node: A Schema Object, a Multi Format Schema Object or a reference to one.

        Raises:
            DocumentError: It is no JSON Schema.
        """
        dialect = None
        node = _dereferenced(node)
        if isinstance(node.value, dict) and "schema" in node.value:
            named = node.text("schemaFormat")
            dialects = [uri for pattern, uri in _SCHEMA_FORMATS if pattern.fullmatch(named)] if named else [None]
            if not dialects:
                raise node.error(f"the schema format {named!r} is not read", "describe the payload by a JSON Schema")
            dialect = dialects[0]
            node = _dereferenced(node.require("schema"))
        if not isinstance(node.value, dict | bool):
            raise node.error("the payload is not described by a schema", "write a JSON Schema there")
        return Payload(node, node.pointer, dialect)

    def standing_alone(self, payload: Payload) -> dict[str, Any] | bool:
        """Return a payload's schema with all that it refers to as `$defs`.

        Raises:
            DocumentError: A reference in it leads nowhere or out of the document.
        """
        pointer = payload.node.pointer
        own = self._definition(pointer, payload.base)
        others = self._reachable(own)
        schema = {"$ref": f"#/$defs/{self._name(pointer)}"} if pointer in others else own.schema
        if isinstance(schema, bool):
            return schema
        draft_7 = payload.dialect == DRAFT_7 or (
            payload.dialect is None and any(definition.draft_7 for definition in (own, *others.values()))
        )
        alone = {"$schema": DRAFT_7, **schema} if draft_7 else dict(schema)
        if others:
            alone["$defs"] = dict(sorted((self._name(pointer), other.schema) for pointer, other in others.items()))
        return alone

    def places(self, payload: Payload) -> dict[str, Place]:
        """Return where the properties of a payload are declared, by path in the event, as "/items/*/price".

        A property that several branches of a union declare has no place: its path does not tell which one is meant.
        """
        places: dict[str, Place] = {}
        ambiguous: set[str] = set()
        # Breadth first, and each schema once a path: recursive schemas end at the limit, with the outer places found.
        todo = deque([(payload, "")])
        seen: set[tuple[str, str]] = set()
        while todo and len(seen) < _MAX_PLACES:
            part, path = todo.popleft()
            schema, pointer = part.node.value, part.node.pointer
            if (pointer, path) in seen or not isinstance(schema, dict):
                continue
            seen.add((pointer, path))
            if "$ref" in schema:
                todo.append((self._target(part), path))
            for child, steps in subschemas(schema):
                keyword, _, name = steps[1:].partition("/")
                step = _step_in_event(keyword, name)
                if step is not None:
                    node = Node(self._document, pointer + steps, child)
                    if keyword == "properties" and places.setdefault(path + step, node.place) != node.place:
                        ambiguous.add(path + step)
                    todo.append((part.inside(node), path + step))
        return {path: place for path, place in places.items() if path not in ambiguous}

    def properties(self, payload: Payload) -> dict[str, Payload]:
        """Return the properties that an object schema declares, those of its `allOf` and `$ref` included."""
        found: dict[str, Payload] = {}
        todo, seen = [payload], set()
        while todo:
            part = todo.pop()
            if part.node.pointer in seen or not isinstance(part.node.value, dict):
                continue
            seen.add(part.node.pointer)
            if "$ref" in part.node.value:
                todo.append(self._target(part))
            todo.extend(part.inside(node) for node in part.node.raw_members("allOf"))
            for node in part.node.raw_members("properties"):
                found.setdefault(node.name, part.inside(node))
        return found

    def _definition(self, pointer: str, base: str) -> _Definition:
        """Return the schema at a pointer, with its references rewritten to `$defs`."""
        definition = self._definitions.get(pointer)
        if definition is None:
            definition = self._definitions[pointer] = _Definition()
            node = self._document.find(pointer)
            if node is not None:
                definition.schema = self._rewritten(Payload(node, base), definition)
        return definition

    def _rewritten(self, payload: Payload, definition: _Definition) -> Any:
        node = payload.node
        if not isinstance(node.value, dict):
            return node.value
        if differs_in_draft_7(node.value):
            definition.draft_7 = True
        # Nothing needs these here any more: what referred to them refers to `$defs` now.
        kept = {key: value for key, value in node.value.items() if key not in ("$defs", "definitions", "$id")}
        if node.pointer != payload.base:
            kept.pop("$schema", None)
        if "$ref" in kept:
            target = self._target(payload)
            definition.refers_to[target.node.pointer] = target.base
            kept["$ref"] = f"#/$defs/{self._name(target.node.pointer)}"

        def rewrite(child: Any, steps: str) -> Any:
            return self._rewritten(payload.inside(Node(self._document, node.pointer + steps, child)), definition)

        return map_subschemas(kept, rewrite)

    def _target(self, payload: Payload) -> Payload:
        """Return what the `$ref` of a schema leads to.

        `#/definitions/Money` means the schema's own definition where it has one, as JSON Schema says, and otherwise a
        place in the whole document, as AsyncAPI says.
        """
        reference = payload.node.value["$ref"]
        fragment = payload.node.target_pointer(reference)
        for root in dict.fromkeys((payload.base, "")):
            target = self._document.find(root + fragment)
            if target is not None and isinstance(target.value, dict | bool):
                return replace(payload, node=target, base=payload.base if root else target.pointer)
        raise payload.node.error(f"the reference {reference!r} leads to no schema", "correct it")

    def _reachable(self, start: _Definition) -> dict[str, _Definition]:
        found: dict[str, _Definition] = {}
        todo = list(start.refers_to.items())
        while todo:
            pointer, base = todo.pop()
            if pointer not in found:
                found[pointer] = self._definition(pointer, base)
                todo.extend(found[pointer].refers_to.items())
        return found

    def _name(self, pointer: str) -> str:
        """Return the name in `$defs` of the schema at a pointer: its last step, with a number where that is taken."""
        if pointer not in self._names:
            wanted = re.sub(r"[^A-Za-z0-9_.-]", "_", pointer.rpartition("/")[2]) or "Root"
            name, number = wanted, 2
            while name in self._taken:
                name, number = f"{wanted}{number}", number + 1
            self._taken.add(name)
            self._names[pointer] = name
        return self._names[pointer]


def differs_in_draft_7(schema: dict[str, Any]) -> bool:
    """Whether draft 7 and 2020-12 read this schema differently, those inside it left aside."""
    return (
        "additionalItems" in schema
        or "dependencies" in schema
        or isinstance(schema.get("items"), list)
        or ("$ref" in schema and not all(key in _ANNOTATIONS or key.startswith("x-") for key in schema))
    )


def _step_in_event(keyword: str, name: str) -> str | None:
    """Return the step in the event to what a subschema describes; None where it describes nothing of it."""
    if keyword in ("allOf", "anyOf", "oneOf", "if", "then", "else"):
        return ""
    if keyword in ("properties", "prefixItems") or (keyword == "items" and name):
        return f"/{name}"
    if keyword in ("items", "additionalItems", "additionalProperties", "patternProperties"):
        return "/*"
    return None


def _dereferenced(node: Node) -> Node:
    """Follow a Reference Object; what has keywords beside its `$ref` is a schema, and stays."""
    return node.followed() if isinstance(node.value, dict) and node.value.keys() == {"$ref"} else node
