"""Keywords whose value counts something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventkit.schema.values import Json

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node


def count(raw: dict[str, Json], keyword: str, node: Node) -> int | None:
    """Return the value of a keyword that counts, as `maxItems` does, or None where it is not there."""
    if keyword not in raw:
        return None
    value = raw[keyword]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        node.fault(keyword, f"{keyword} must be a whole number, 0 or more")
    return value
