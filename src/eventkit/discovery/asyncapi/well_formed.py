"""Whether a schema is well formed, as the metaschema of its dialect says, and its patterns are regular expressions.

The comparison looks only at the parts of a schema that decide it, and at none of an event that nobody reads.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

from eventkit.discovery.asyncapi.keywords import subschemas
from eventkit.discovery.asyncapi.text import escape
from eventkit.schema.budget import Undecided
from eventkit.schema.dialects import DIALECT_URIS
from eventkit.schema.regex import language
from eventkit.schema.regex.syntax import NotAPattern

_MOST_TEXT: Final = 200


class Fault(NamedTuple):
    """What is wrong with a schema.

    Args:
        pointer: Where, as "/properties/amount/type".
        text: What.
    """

    pointer: str
    text: str

    @property
    def path(self) -> str:
        """The field in the event, as far as the pointer tells it: "/items/*/price"."""
        path, steps = "", iter(self.pointer.split("/")[1:])
        for step in steps:
            if step == "items":
                path += "/*"
            elif step == "properties":
                path += "".join(f"/{name}" for name in (next(steps, None),) if name is not None)
            else:
                break
        return path


def fault_of(schema: dict[str, Any] | bool) -> Fault | None:
    """Return the first thing that is wrong with a schema; None where it is well formed, or of a dialect not known."""
    # Its validator would ask the network for the metaschema of another dialect.
    if isinstance(schema, bool) or not _is_known(schema.get("$schema")):
        return None
    from jsonschema_rs import ValidationError, meta  # only here, as it is slow to load

    if meta.is_valid(schema):
        # Most have none, and to tell that by the text is ten times as fast as to look for them.
        return _of_patterns(schema, "") if "pattern" in repr(schema) else None
    try:
        meta.validate(schema)
    except ValidationError as error:
        pointer = "".join(f"/{escape(str(step))}" for step in error.instance_path)
        return Fault(pointer, _shortened(error.message))
    return None


def _of_patterns(schema: dict[str, Any], pointer: str) -> Fault | None:
    """Return the first pattern that is no regular expression, which no metaschema asks."""
    written = [(schema["pattern"], "/pattern")] if "pattern" in schema else []
    written += ((text, f"/patternProperties/{escape(text)}") for text in schema.get("patternProperties", ()))
    for text, steps in written:
        what = _no_pattern(text) if isinstance(text, str) else ""
        if what:
            return Fault(f"{pointer}{steps}", _shortened(what))
    for child, steps in subschemas(schema):
        fault = _of_patterns(child, f"{pointer}{steps}") if isinstance(child, dict) else None
        if fault:
            return fault
    return None


@lru_cache(maxsize=1_000)
def _no_pattern(text: str) -> str:
    """Return why a text is no regular expression; "" where it is one, or where that is not decided."""
    try:
        language(text)
    except Undecided as error:
        return str(error) if isinstance(error.__cause__, NotAPattern) else ""
    return ""


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}..."


def _is_known(dialect: Any) -> bool:
    return dialect is None or (isinstance(dialect, str) and dialect.rstrip("#") in DIALECT_URIS)
