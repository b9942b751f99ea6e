"""Reads one JSON Schema from a file, or from a part of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.asyncapi.document import Document
from eventkit.discovery.asyncapi.text import escape
from eventkit.discovery.landscape import shown
from eventkit.schema.dialects import DIALECT_URIS, LONE_REFERENCES

_HOME: Final = "document"
"""Under which of the `$defs`, and by which `$id` if it has none, the whole document stands when a part is meant."""
_KINDS: Final = {type(None): "null", str: "a text", list: "an array", int: "a number", float: "a number"}


def read_schema(source: str) -> dict[str, Any] | bool:
    """Return the JSON Schema that is named.

    Args:
        source: A JSON or YAML file, `order.json`, or a part of one: `order.json#/$defs/Item`, a JSON pointer
            (RFC 6901, section 6). What ends in `.json` is JSON, anything else YAML.

    Returns:
        The schema. Where it is a part, the references in it hold.

    Raises:
        ConfigurationError: There is no such part, or it is no schema.
        DocumentError: The file is neither JSON nor YAML.
        OSError: The file cannot be read.
    """
    file, _, pointer = source.partition("#")
    path = Path(file)
    document = Document(path.read_bytes(), shown(path))
    whole = document.root.value
    pointer = unquote(pointer)
    part = document.find(pointer) if not pointer or pointer.startswith("/") else None
    if part is None:
        raise ConfigurationError(f"the file has no part #{pointer}", where=source, mend=_mend(whole))
    if not isinstance(part.value, dict | bool):
        kind = _KINDS.get(type(part.value))
        raise ConfigurationError(
            f"a JSON Schema is an object, true or false; this is {kind}", where=source, mend=_mend(whole)
        )
    if not pointer or isinstance(part.value, bool):
        return part.value
    return _part(whole, part.pointer)


def _part(whole: Any, pointer: str) -> dict[str, Any]:
    """Return a schema that means a part of a document; the document comes along as a resource of its own.

    So references in it hold as they are written, whether by pointer, by `$id` or recursive.
    """
    if not isinstance(whole, dict):
        whole, pointer = {"prefixItems": whole}, f"/prefixItems{pointer}"
    outer: dict[str, Any] = whole
    dialect = DIALECT_URIS.get(str(outer.get("$schema")).rstrip("#"))
    names = "id" if dialect == "draft-04" else "$id"
    name = outer.get(names)
    base = name.partition("#")[0] if isinstance(name, str) else ""
    home = outer if base else {**outer, names: _HOME}
    if dialect in LONE_REFERENCES and "$ref" in home:  # it would make the $id beside it void
        home = {**{key: home[key] for key in home if key != "$ref"}, "allOf": [{"$ref": home["$ref"]}]}
    said = {"$schema": outer["$schema"]} if "$schema" in outer else {}
    return {**said, "$ref": f"{base or _HOME}#{quote(pointer)}", "$defs": {_HOME: home}}


def _mend(document: Any) -> str | None:
    for keyword in ("$defs", "definitions"):
        parts = document.get(keyword) if isinstance(document, dict) else None
        if isinstance(parts, dict) and parts:
            return f"its schemas are: {', '.join(f'#/{keyword}/{escape(name)}' for name in parts)}"
    return None
