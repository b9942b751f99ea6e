"""Payload schemas: taken out of the document, each with everything that it refers to.

A schema in a document refers to others by their place in the document. In a contract it stands alone, so what it
refers to goes with it as `$defs`. Names of definitions are the same for all messages of a document.

Which draft a schema follows: that of its `$schema`, else of its `schemaFormat`. AsyncAPI's own Schema Object is a
superset of draft 7 (AsyncAPI 3.0.0, "Schema Object"), but what generators put there today is mostly 2020-12. The two
read almost every schema alike. Only where one holds a keyword with another meaning in draft 7, or none in 2020-12, it
is marked as draft 7; a schema without `$schema` is 2020-12. What AsyncAPI adds to draft 7 (`discriminator`, a text,
`externalDocs` and `deprecated`) says nothing about which values are valid to a validator, and is left as it stands.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

from eventkit.discovery.asyncapi.document import Node
from eventkit.discovery.asyncapi.keywords import HOLDING_SCHEMAS, map_subschemas, subschemas
from eventkit.discovery.asyncapi.text import MAX_DEFINITIONS
from eventkit.discovery.contract import Place

_OLD_DRAFT: Final = "http://json-schema.org/draft-0{}/schema#"
DRAFT_7: Final = _OLD_DRAFT.format(7)
_DRAFT_2019_09: Final = "https://json-schema.org/draft/2019-09/schema"
_DRAFT_2020_12: Final = "https://json-schema.org/draft/2020-12/schema"
_SCHEMA_FORMATS: Final = (
    (re.compile(r"application/vnd\.aai\.asyncapi(\+json|\+yaml)?(;\s*version=.*)?"), None),
    (re.compile(r"application/schema(\+json|\+yaml)?;\s*version=draft-?0?4"), _OLD_DRAFT.format(4)),
    (re.compile(r"application/schema(\+json|\+yaml)?;\s*version=draft-?0?6"), _OLD_DRAFT.format(6)),
    (re.compile(r"application/schema(\+json|\+yaml)?;\s*version=draft-?0?7"), DRAFT_7),
    (re.compile(r"application/schema(\+json|\+yaml)?;\s*version=(draft[-/])?2019-09"), _DRAFT_2019_09),
    (re.compile(r"application/schema(\+json|\+yaml)?(;\s*version=(draft[-/])?2020-12)?"), _DRAFT_2020_12),
    # "The OpenAPI Schema Object is a superset of the JSON Schema Specification Draft 2020-12" (OpenAPI 3.1.0, 4.8.24);
    # what it adds validates nothing. That of 3.0 is a language of its own.
    (re.compile(r"application/vnd\.oai\.openapi(\+json|\+yaml)?;\s*version=3\.1(\.\d+)?"), _DRAFT_2020_12),
)
# What may stand beside a `$ref` without a meaning that draft 7, which ignores it, would lose.
_ANNOTATIONS: Final = frozenset({
    "$comment", "$defs", "$id", "$ref", "$schema", "default", "definitions", "deprecated", "description", "examples",
    "externalDocs", "readOnly", "title", "writeOnly",
})  # fmt: skip
_REWRITTEN: Final = HOLDING_SCHEMAS | {"$id", "$ref", "$schema"}
"""Keywords that say something else where a schema stands alone, or hold what may; most schemas have none of them."""
_Address = tuple[str, str]
_MAX_PLACES: Final = 1_000
"""Schemas of one message whose places are looked up, each once for every path to it."""
_MAX_PLACES_IN_ALL: Final = 100_000
"""The same of all messages of a document; beyond, findings show the message and not its field."""
_MAX_WRAPPERS: Final = 10
"""Multi Format Schema Objects around one schema."""


class UnknownPayloadError(Exception):
    """It is not known what the events of a message look like; the text says why."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A schema where it stands in the document.

    Args:
        node: The schema.
        base: The pointer, in the same file, of the schema document that it belongs to: where its own `$defs` are.
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
    refers_to: dict[_Address, Payload] = field(default_factory=dict)
    """The schemas that it refers to."""


class Schemas:
    """The payload schemas of a document, and of the files that it refers to."""

    def __init__(self) -> None:
        self._definitions: dict[_Address, _Definition] = {}
        self._names: dict[_Address, str] = {}
        self._taken: set[str] = set()
        self._referred = 0
        self._places_left = _MAX_PLACES_IN_ALL

    def payload(self, node: Node, schema_format: str = "") -> Payload:
        """Return the schema that a message's payload or headers are described by.

        Args:
            node: A Schema Object, a Multi Format Schema Object (AsyncAPI 3) or a reference to one.
            schema_format: What the message says about the language of its payload (AsyncAPI 2).

        Raises:
            UnknownPayloadError: It is described in another language than JSON Schema.
            DocumentError: It is described by nothing of the kind.
        """
        dialect = _dialect(schema_format)
        node = _dereferenced(node)
        if isinstance(node.value, dict) and "schema" in node.value and not schema_format:
            dialect = _dialect(node.text("schemaFormat"))
            node = _dereferenced(node.require("schema"))
        node, inner = _unwrapped(node)
        if not isinstance(node.value, dict | bool):
            raise node.error("the payload is not described by a schema", "write a JSON Schema there")
        return Payload(node, node.pointer, inner or dialect)

    def standing_alone(self, payload: Payload) -> dict[str, Any] | bool:
        """Return a payload's schema with all that it refers to as `$defs`.

        Raises:
            UnknownPayloadError: It refers to a schema in another language, or in another dialect than its own.
            DocumentError: A reference in it leads nowhere or out of the document.
        """
        address = payload.node.address
        own = self._definition(payload)
        others, dialects = self._reachable(own)
        self._referred += len(others)
        if self._referred > MAX_DEFINITIONS:
            raise payload.node.error(
                f"the schemas of the document refer to more than {MAX_DEFINITIONS:,} others", "split it by service"
            )
        schema = {"$ref": f"#/$defs/{self._name(address)}"} if address in others else own.schema
        if isinstance(schema, bool):
            return schema
        dialects = {payload.dialect, *dialects} - {None}
        if len(dialects) > 1:
            raise UnknownPayloadError("its payload is described by schemas of several dialects")
        dialect = next(iter(dialects), None)
        if dialect is None and any(definition.draft_7 for definition in (own, *others.values())):
            dialect = DRAFT_7
        alone = dict(schema) if dialect in (None, _DRAFT_2020_12) else {"$schema": dialect, **schema}
        if others:
            alone["$defs"] = dict(sorted((self._name(address), other.schema) for address, other in others.items()))
        return alone

    def places(self, payload: Payload) -> dict[str, Place]:
        """Return where the properties of a payload are declared, by path in the event, as "/items/*/price".

        A property that several branches of a union declare has no place: its path does not tell which one is meant.
        """
        places: dict[str, Place] = {}
        ambiguous: set[str] = set()
        # Breadth first, and each schema once a path: recursive schemas end at the limit, with the outer places found.
        todo = deque([(payload, "")])
        seen: set[tuple[_Address, str]] = set()
        most = min(_MAX_PLACES, self._places_left)
        while todo and len(seen) < most:
            part, path = todo.popleft()
            schema, address = part.node.value, part.node.address
            if (address, path) in seen or not isinstance(schema, dict):
                continue
            seen.add((address, path))
            if "$ref" in schema:
                todo.append((self._target(part), path))
            for child, steps in subschemas(schema):
                keyword, _, name = steps[1:].partition("/")
                step = _step_in_event(keyword, name)
                if step is not None:
                    node = part.node.below(steps, child)
                    if keyword == "properties" and places.setdefault(path + step, node.place) != node.place:
                        ambiguous.add(path + step)
                    todo.append((part.inside(node), path + step))
        self._places_left -= len(seen)
        return {path: place for path, place in places.items() if path not in ambiguous}

    def properties(self, payload: Payload) -> dict[str, Payload]:
        """Return the properties that an object schema declares, those of its `allOf` and `$ref` included."""
        found: dict[str, Payload] = {}
        for part in self._parts(payload):
            for node in part.node.raw_members("properties"):
                found.setdefault(node.name, part.inside(node))
        return found

    def declares(self, payload: Payload, name: str) -> bool:
        """Whether `properties` has a name; most schemas are asked for no more than that."""
        return any(name in part.node.names("properties") for part in self._parts(payload))

    def _parts(self, payload: Payload) -> Iterator[Payload]:
        """Yield an object schema, and those of its `allOf` and `$ref`."""
        todo, seen = [payload], set()
        while todo:
            part = todo.pop()
            if part.node.address in seen or not isinstance(part.node.value, dict):
                continue
            seen.add(part.node.address)
            if "$ref" in part.node.value:
                todo.append(self._target(part))
            todo.extend(part.inside(node) for node in part.node.raw_members("allOf"))
            yield part

    def _definition(self, payload: Payload) -> _Definition:
        """Return a schema with its references rewritten to `$defs`."""
        address = payload.node.address
        if address not in self._definitions:
            definition = _Definition()
            definition.schema = self._rewritten(payload, definition)
            self._definitions[address] = definition
        return self._definitions[address]

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
            definition.refers_to[target.node.address] = target
            kept["$ref"] = f"#/$defs/{self._name(target.node.address)}"

        def rewrite(child: Any, steps: str) -> Any:
            if isinstance(child, bool) or _REWRITTEN.isdisjoint(child):
                return child
            return self._rewritten(payload.inside(node.below(steps, child)), definition)

        return map_subschemas(kept, rewrite)

    def _target(self, payload: Payload) -> Payload:
        """Return what the `$ref` of a schema leads to.

        `#/definitions/Money` means the schema's own definition where it has one, as JSON Schema says, and otherwise a
        place in the whole document, as AsyncAPI says.
        """
        node, reference = payload.node, payload.node.value["$ref"]
        document, fragment = node.target(reference)
        for root in dict.fromkeys((payload.base, "")) if document is node.document else ("",):
            target = document.find(root + fragment)
            if target is not None and isinstance(target.value, dict | bool):
                is_own = root and target.document is node.document
                target, dialect = _unwrapped(target)
                return Payload(target, payload.base if is_own else target.pointer, dialect)
        raise payload.node.error(f"the reference {reference!r} leads to no schema", "correct it")

    def _reachable(self, start: _Definition) -> tuple[dict[_Address, _Definition], set[str | None]]:
        """Return all that a schema refers to, and the dialects that these name."""
        found: dict[_Address, _Definition] = {}
        dialects: set[str | None] = set()
        todo = list(start.refers_to.items())
        while todo:
            address, payload = todo.pop()
            if address not in found:
                found[address] = self._definition(payload)
                dialects.add(payload.dialect)
                todo.extend(found[address].refers_to.items())
        return found, dialects

    def _name(self, address: _Address) -> str:
        """Return the name in `$defs` of a schema: the last step to it, with a number where that is taken."""
        if address not in self._names:
            file, pointer = address
            # A Multi Format Schema Object has a name, and its schema one step below.
            last = (
                pointer.removesuffix("/schema").rpartition("/")[2] if pointer else PurePath(file).name.partition(".")[0]
            )
            wanted = re.sub(r"[^A-Za-z0-9_.-]", "_", last) or "Root"
            name, number = wanted, 2
            while name in self._taken:
                name, number = f"{wanted}{number}", number + 1
            self._taken.add(name)
            self._names[address] = name
        return self._names[address]


def _dialect(schema_format: str) -> str | None:
    """Return the URI of the dialect that a schema format names; None where nothing says which one it is."""
    for pattern, dialect in _SCHEMA_FORMATS if schema_format else ():
        if pattern.fullmatch(schema_format):
            return dialect
    if schema_format:
        raise UnknownPayloadError(f"its payload is described as {schema_format}, and not by a JSON Schema")
    return None


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


def _unwrapped(node: Node) -> tuple[Node, str | None]:
    """Return the schema in a Multi Format Schema Object (AsyncAPI 3), and its dialect; what is none stays.

    Such an object may stand wherever a document keeps a schema, so a reference from schema to schema may lead to one.

    Raises:
        UnknownPayloadError: It is written in another language than JSON Schema.
        DocumentError: It leads back to itself.
    """
    dialect: str | None = None
    for _ in range(_MAX_WRAPPERS):
        if not (isinstance(node.value, dict) and "schema" in node.value and "schemaFormat" in node.value):
            return node, dialect
        dialect = _dialect(node.text("schemaFormat"))
        node = _dereferenced(node.require("schema"))
    raise node.error("the schema is one of another format in one of another format, and so on", "write it out")


def _dereferenced(node: Node) -> Node:
    """Follow a Reference Object; what has keywords beside its `$ref` is a schema, and stays."""
    return node.followed() if isinstance(node.value, dict) and node.value.keys() == {"$ref"} else node
