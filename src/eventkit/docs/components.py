"""The schemas of an AsyncAPI document, which its messages share.

Two ways to write a schema. Most mean the same in JSON Schema 2020-12 and in AsyncAPI's Schema Object, a superset of
draft 7: these are written as that, with their `$defs` among the document's components. The others, which use a
keyword that draft 7 does not have or reads otherwise, are written whole and with the name of their format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.asyncapi.keywords import map_subschemas, subschemas
from eventkit.discovery.asyncapi.schemas import DRAFT_7, differs_in_draft_7
from eventkit.discovery.asyncapi.text import escape, unescape
from eventkit.docs.names import Names

_PREFIX: Final = "#/components/schemas/"
_DEFINITION: Final = re.compile(r"/\$defs/([^/]+)")
_FORMAT_2020_12: Final = "application/schema+json;version=2020-12"
_FORMAT_DRAFT_7: Final = "application/schema+json;version=draft-07"
_NOT_IN_DRAFT_7: Final = frozenset({
    "dependentRequired", "dependentSchemas", "maxContains", "minContains", "prefixItems", "unevaluatedItems",
    "unevaluatedProperties",
})  # fmt: skip
_OTHER_NAMES: Final = frozenset({
    "$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor", "$recursiveRef",
})  # fmt: skip


class Components:
    """Gathers the schemas of a document.

    Attributes:
        schemas: What stands under `components.schemas`.
    """

    def __init__(self) -> None:
        self.schemas: dict[str, Any] = {}
        self._names = Names()
        self._shared: dict[str, str] = {}

    def add(self, name: str, schema: Mapping[str, Any] | bool) -> dict[str, str]:
        """Add the schema of a message and return the reference to it.

        Args:
            name: The name of the message, which the schema gets if it is free.
            schema: A JSON Schema that stands alone: it refers to nothing but itself.

        Raises:
            ConfigurationError: It refers to something by other means than its place in the schema.
        """
        schema = _as_object(schema)
        if schema.get("$schema") == DRAFT_7:
            name = self._add_whole(name, schema, _FORMAT_DRAFT_7)
        elif _reads_alike(schema):
            name = self._add_shared(name, schema)
        else:
            name = self._add_whole(name, schema, _FORMAT_2020_12)
        return {"$ref": _PREFIX + name}

    def _add_whole(self, name: str, schema: Mapping[str, Any], schema_format: str) -> str:
        name = self._names.take(name)
        # References are written from the document's root: tools resolve them before they look at the format.
        moved = _moved(_without_names(schema), name, lambda pointer: f"{_PREFIX}{name}/schema{pointer}")
        self.schemas[name] = {"schemaFormat": schema_format, "schema": moved}
        return name

    def _add_shared(self, name: str, schema: Mapping[str, Any]) -> str:
        definitions = schema.get("$defs", {})
        root = {key: value for key, value in _without_names(schema).items() if key != "$defs"}
        alias = _definition_of(root["$ref"][1:]) if root.keys() == {"$ref"} else None
        if alias is None:
            name = self._names.take(name)
            self.schemas[name] = None  # takes its place before the definitions
        names: dict[str, str] = {}
        new: list[str] = []
        for definition in sorted(definitions):
            meaning = _meaning(definition, name, root, definitions)
            if meaning not in self._shared:
                safe = re.sub(r"[^A-Za-z0-9_-]", "_", definition)
                self._shared[meaning] = self._names.take(safe, name + safe)
                new.append(definition)
            names[definition] = self._shared[meaning]

        def change(pointer: str) -> str:
            definition = _definition_of(pointer)
            if definition is None:
                return f"{_PREFIX}{name}{pointer}"
            if definition not in names:
                raise _not_written(name, repr(f"#{pointer}"))
            return _PREFIX + names[definition] + pointer.removeprefix(f"/$defs/{escape(definition)}")

        for definition in new:
            self.schemas[names[definition]] = _moved(_as_object(definitions[definition]), name, change)
        if alias is not None:
            return names[alias]
        self.schemas[name] = _moved(root, name, change)
        return name


def _definition_of(pointer: str) -> str | None:
    """Return the name of the definition that a pointer leads into."""
    found = _DEFINITION.match(pointer)
    return unescape(found[1]) if found else None


def _as_object(schema: Mapping[str, Any] | bool) -> Mapping[str, Any]:
    """Return a schema as an object: the official JSON Schema refuses `true` and `false` among the components."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    return schema


def _without_names(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("$id", "$schema")}


def _moved(schema: Any, name: str, change: Callable[[str], str]) -> Any:
    """Return a schema with each reference to a place in it changed, and without what only OpenAPI understands."""
    if not isinstance(schema, Mapping):
        return schema
    # AsyncAPI's discriminator is the name of a property; in JSON Schema neither form has a meaning.
    kept = {key: value for key, value in schema.items() if key != "discriminator"}
    odd = _OTHER_NAMES & kept.keys()
    reference = kept.get("$ref", "#")
    if odd or not isinstance(reference, str) or not re.match(r"#(/|$)", reference):
        raise _not_written(name, sorted(odd)[0] if odd else repr(reference))
    if "$ref" in kept:
        kept["$ref"] = quote(change(unquote(reference[1:])), safe="/~#$&'()*+,;=:@!")
    return map_subschemas(kept, lambda child, _: _moved(child, name, change))


def _not_written(name: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"the schema of {name} uses {what}, and AsyncAPI documents cannot",
        mend="refer to parts of the schema by their place, as '#/$defs/Money'",
    )


def _reads_alike(schema: Any) -> bool:
    """Whether AsyncAPI's Schema Object means the same by this schema as JSON Schema 2020-12."""
    if not isinstance(schema, dict):
        return True
    if differs_in_draft_7(schema) or not _NOT_IN_DRAFT_7.isdisjoint(schema):
        return False
    return all(_reads_alike(child) for child, _ in subschemas(schema))


def _meaning(definition: str, message: str, root: Any, definitions: Mapping[str, Any]) -> str:
    """Return a text that is the same for two definitions exactly if they, and all they refer to, are the same."""
    involved: dict[str, Any] = {}
    todo = [definition]
    while todo:
        name = todo.pop()
        if name in involved:
            continue
        involved[name] = definitions.get(name)
        for pointer in _references(involved[name]):
            other = _definition_of(pointer)
            if other is None:
                involved[f"/{message}"] = root
            else:
                todo.append(other)
    return json.dumps([definition, involved], sort_keys=True)


def _references(schema: Any) -> list[str]:
    if not isinstance(schema, dict):
        return []
    own = [unquote(schema["$ref"][1:])] if isinstance(schema.get("$ref"), str) else []
    return own + [pointer for child, _ in subschemas(schema) for pointer in _references(child)]
