"""Reads one JSON Schema from a file, or from a part of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.asyncapi.document import Document
from eventkit.discovery.landscape import shown

_HOME: Final = "document"
"""Under which of the `$defs` the whole document stands when a part of it is meant."""
_DATA: Final = frozenset({"const", "default", "enum", "examples"})
"""Keywords whose values are data: a `$ref` in there refers to nothing."""
_NAMED: Final = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})
"""Keywords whose keys are names, and no keywords."""


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
    part = document.find(pointer) if not pointer or pointer.startswith("/") else None
    if part is None:
        raise ConfigurationError(f"the file has no part #{pointer}", where=source, mend=_mend(whole))
    if not isinstance(part.value, dict | bool):
        kind = type(part.value).__name__
        raise ConfigurationError(
            f"a JSON Schema is an object, true or false; this is a {kind}", where=source, mend=_mend(whole)
        )
    if not pointer or isinstance(part.value, bool):
        return part.value
    # The whole document comes along, as references may lead anywhere in it, but for what names it and its dialect.
    outer = whole if isinstance(whole, dict) else {}
    home = {key: value for key, value in outer.items() if key not in ("$id", "$schema")} or whole
    dialect = {"$schema": outer["$schema"]} if "$schema" in outer else {}
    return {**dialect, "$ref": f"#/$defs/{_HOME}{pointer}", "$defs": {_HOME: _moved(home)}}


def _moved(node: Any, *, names: bool = False) -> Any:
    """Return a document with its references pointing to where it stands now."""
    if isinstance(node, list):
        return [_moved(item) for item in node]
    if not isinstance(node, dict):
        return node
    moved = {
        key: value if key in _DATA and not names else _moved(value, names=key in _NAMED and not names)
        for key, value in node.items()
    }
    target = moved.get("$ref")
    if isinstance(target, str) and (target == "#" or target.startswith("#/")):
        moved["$ref"] = f"#/$defs/{_HOME}{target[1:]}"
    return moved


def _mend(document: Any) -> str | None:
    for keyword in ("$defs", "definitions"):
        parts = document.get(keyword) if isinstance(document, dict) else None
        if isinstance(parts, dict) and parts:
            return f"its schemas are: {', '.join(f'#/{keyword}/{name}' for name in parts)}"
    return None
