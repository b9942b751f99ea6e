"""Whether a schema is well formed, as the metaschema of its dialect says.

The comparison looks only at the parts of a schema that decide it, and at none of an event that nobody reads.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from eventkit.discovery.asyncapi.text import escape
from eventkit.schema.dialects import DIALECT_URIS

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
        return None
    try:
        meta.validate(schema)
    except ValidationError as error:
        pointer = "".join(f"/{escape(str(step))}" for step in error.instance_path)
        return Fault(pointer, error.message if len(error.message) <= _MOST_TEXT else f"{error.message[:_MOST_TEXT]}...")
    return None


def _is_known(dialect: Any) -> bool:
    return dialect is None or (isinstance(dialect, str) and dialect.rstrip("#") in DIALECT_URIS)
