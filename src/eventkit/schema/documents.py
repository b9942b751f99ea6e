"""Schema documents: base URIs, anchors and references.

A document is read where it is asked for; a document without `$id` and anchors (what pydantic emits) costs one scan
of its text. Nothing is ever fetched: a reference that leads out of the document leaves the question undecided, but for
the meta-schemas of JSON Schema, which are at hand.

Sources: JSON Schema core 2020-12 and 2019-09, sections 8 and 9 (identifiers, dynamic scope); draft 7 core, section 8.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from urllib.parse import unquote, urljoin

from eventkit.schema.budget import Undecided
from eventkit.schema.dialects import DIALECT_URIS, LONE_REFERENCES, Dialect
from eventkit.schema.values import Json

SUBSCHEMAS = {
    "additionalItems", "additionalProperties", "contains", "propertyNames", "not", "if", "then", "else",
    "unevaluatedItems", "unevaluatedProperties", "items",
}  # fmt: skip
SUBSCHEMA_LISTS = {"allOf", "anyOf", "oneOf", "prefixItems", "items"}
SUBSCHEMA_MAPS = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"}


_IDENTIFIERS = ('"$id"', '"$anchor"', '"$dynamicAnchor"', '"$recursiveAnchor"')
_NAMES_SOMETHING = '"$'
"""How all of these begin; most schemas of single events have none."""
_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
_NO_NUMBERS = ("NaN", "Infinity")
_encode = json.JSONEncoder(allow_nan=False, check_circular=False).encode


class Outside(Undecided):
    """A reference leads out of the document.

    Attributes:
        uri: where it leads to; None where that depends on where the document came from.
    """

    def __init__(self, text: str, uri: str) -> None:
        super().__init__(text)
        self.uri = uri if _SCHEME.match(uri) else None


class Place(NamedTuple):
    """Where a schema stands: its JSON, its JSON pointer from the document's root, and its resource."""

    raw: Json
    pointer: str
    resource: Resource


class Resource:
    """A schema with its own base URI, and the anchors in it."""

    __slots__ = ("anchors", "dialect", "dynamic", "pointer", "root", "uri")

    def __init__(self, root: Json, pointer: str, uri: str, dialect: Dialect) -> None:
        self.root = root
        self.pointer = pointer
        self.uri = uri
        self.dialect = dialect
        self.anchors: dict[str, tuple[Json, str]] = {}
        self.dynamic: dict[str, tuple[Json, str]] = {}


def escape(name: str) -> str:
    """Return a name as a step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1") if "~" in name or "/" in name else name


class Document:
    """One schema document and what can be referred to in it.

    Args:
        root: the schema, as JSON.
        side: "publisher" or "subscriber", to say whose schema is at fault.
        dialect: the dialect where the schema itself names none by `$schema`.
        text: the schema as `json.dumps` writes it, where it is at hand.

    Raises:
        Undecided: the schema is not JSON, or names a dialect that is not known.
    """

    def __init__(self, root: Json, side: str, dialect: Dialect, text: str | None = None) -> None:
        self.side = side
        if not isinstance(root, dict | bool):
            raise Undecided(f"the {side}'s schema is not an object or a boolean")
        try:
            self.text = _encode(root) if text is None else text
        except (TypeError, ValueError) as error:
            raise Undecided(f"the {side}'s schema is not JSON: {error}") from error
        except RecursionError as error:
            raise Undecided(f"the {side}'s schema is nested too deeply") from error
        self.root = Resource(root, "#", "", self._dialect_of(root, dialect))
        self._resources: dict[int, Resource] = {}
        self._by_uri: dict[str, Resource] = {}
        named = _NAMES_SOMETHING in self.text and any(keyword in self.text for keyword in _IDENTIFIERS)
        if named or self.root.dialect == "draft-04":
            self._index()

    @classmethod
    def of_text(cls, text: str, side: str) -> Document:
        """Return the document that a text holds; it is kept, unless it is not JSON that everybody reads alike."""
        try:
            root = json.loads(text)
        except RecursionError as error:
            raise Undecided(f"the {side}'s schema is nested too deeply") from error
        return cls(root, side, "2020-12", None if any(name in text for name in _NO_NUMBERS) else text)

    @property
    def has_resources(self) -> bool:
        """Whether some subschema has a base URI of its own."""
        return bool(self._resources)

    def resource_of(self, raw: Json, parent: Resource) -> Resource:
        """Return the resource that a subschema belongs to: its own where it has an `$id`, else its parent's."""
        return self._resources.get(id(raw), parent) if self._resources else parent

    def resolve(self, reference: Json, base: Resource) -> Place:
        """Return what a `$ref` of the resource `base` leads to.

        Raises:
            Undecided: there is no such place in this document.
        """
        if not isinstance(reference, str):
            raise Undecided(f"a $ref in the {self.side}'s schema is not a string")
        uri, _, fragment = reference.partition("#")
        resource = base
        if uri:
            uri = _join(base.uri, uri)
            target = self._by_uri.get(uri) or self._metaschema(uri)
            if target is None:
                text = f"the {self.side}'s schema refers to {reference!r}, which is not part of it"
                raise Outside(text, f"{uri}#{fragment}")
            resource = target
        fragment = unquote(fragment)
        if not fragment:
            return Place(resource.root, resource.pointer, resource)
        if fragment.startswith("/"):
            return self._follow(fragment, resource)
        if fragment in resource.anchors:
            raw, pointer = resource.anchors[fragment]
            return Place(raw, pointer, resource)
        raise Undecided(f"the {self.side}'s schema refers to {reference!r}, and nothing has that anchor")

    def _follow(self, fragment: str, resource: Resource) -> Place:
        raw, pointer = resource.root, resource.pointer
        for step in fragment[1:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(raw, dict) and name in raw:
                raw = raw[name]
            elif isinstance(raw, list) and name.isdecimal() and name.isascii() and int(name) < len(raw):
                raw = raw[int(name)]
            else:
                raise Undecided(f"the {self.side}'s schema refers to '#{fragment}', and there is nothing there")
            pointer = f"{pointer}/{step}"
            resource = self.resource_of(raw, resource)
        return Place(raw, pointer, resource)

    def _dialect_of(self, raw: Json, default: Dialect) -> Dialect:
        uri = raw.get("$schema") if isinstance(raw, dict) else None
        if uri is None:
            return default
        named = DIALECT_URIS.get(uri.rstrip("#")) if isinstance(uri, str) else None
        if named is None:
            raise Undecided(f"the {self.side}'s schema is of a dialect that is not known here: {uri!r}")
        return named

    def _index(self) -> None:
        """Register every resource and anchor, looking only where schemas can stand."""
        self._by_uri[""] = self.root
        self._index_below(self.root)

    def _metaschema(self, uri: str) -> Resource | None:
        schema = _metaschemas().get(uri)
        if schema is None:
            return None
        resource = Resource(schema, uri + "#", uri, self._dialect_of(schema, "2020-12"))
        self._by_uri[uri] = resource
        self._index_below(resource)
        return resource

    def _index_below(self, root: Resource) -> None:
        todo = [(root.root, root.pointer, root)]
        while todo:
            raw, pointer, resource = todo.pop()
            if not isinstance(raw, dict):
                continue
            resource = self._enter(raw, pointer, resource)
            for anchor in ("$anchor", "$dynamicAnchor"):
                if isinstance(name := raw.get(anchor), str):
                    resource.anchors[name] = (raw, pointer)
                    if anchor == "$dynamicAnchor":
                        resource.dynamic[name] = (raw, pointer)
            if raw.get("$recursiveAnchor") is True:
                resource.dynamic[""] = (raw, pointer)
            todo.extend((child, step, resource) for child, step in _subschemas(raw, pointer))

    def _enter(self, raw: dict[str, Json], pointer: str, parent: Resource) -> Resource:
        identifier = raw.get("id" if parent.dialect == "draft-04" else "$id")
        if not isinstance(identifier, str) or ("$ref" in raw and parent.dialect in LONE_REFERENCES):
            return parent
        uri, _, fragment = identifier.partition("#")
        if fragment and not uri:  # drafts before 2019-09 wrote anchors so
            parent.anchors[fragment] = (raw, pointer)
            return parent
        dialect = self._dialect_of(raw, parent.dialect)
        resource = parent if raw is parent.root else Resource(raw, pointer, "", dialect)
        resource.uri = _join(parent.uri, uri)
        self._resources[id(raw)] = resource
        self._by_uri.setdefault(resource.uri, resource)
        return resource


@cache
def _metaschemas() -> dict[str, Json]:
    text = files("eventkit.schema").joinpath("metaschemas.json").read_text(encoding="utf-8")
    schemas: dict[str, Json] = json.loads(text)
    return schemas


def _join(base: str, uri: str) -> str:
    try:
        return urljoin(base, uri) if base else uri
    except ValueError as error:
        raise Undecided(f"{uri!r} is no reference: {error}") from error


def _subschemas(raw: dict[str, Json], pointer: str) -> Iterator[tuple[Json, str]]:
    for keyword, value in raw.items():
        if isinstance(value, dict):
            if keyword in SUBSCHEMA_MAPS:
                yield from ((child, f"{pointer}/{keyword}/{escape(name)}") for name, child in value.items())
            elif keyword in SUBSCHEMAS:
                yield value, f"{pointer}/{keyword}"
        elif isinstance(value, list) and keyword in SUBSCHEMA_LISTS:
            yield from ((child, f"{pointer}/{keyword}/{index}") for index, child in enumerate(value))
