"""The keyword families: each module knows how its keywords are read, satisfied, violated and checked.

To add a keyword, add it to the `KEYWORDS` of its family.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from eventkit.schema.keywords import arrays, logic, numbers, objects, references, strings, unevaluated

if TYPE_CHECKING:
    from eventkit.schema.cases import Constraint
    from eventkit.schema.nodes import Node

FAMILIES: dict[str, Callable[[dict[str, Any], Node], tuple[Constraint, ...]]] = {
    keyword: family.parse
    for family in (references, logic, numbers, strings, arrays, objects, unevaluated)
    for keyword in family.KEYWORDS
}
"""Keyword to the parser of its family; `type`, `enum` and `const` are read for every schema (`types.parse`)."""

ASSERTED = frozenset({*FAMILIES, "type", "enum", "const"})
"""All keywords that are read; others are annotations."""

IN_PLACE = references.KEYWORDS | logic.KEYWORDS | {"dependentSchemas", "dependencies"}
"""Keywords whose subschemas speak of the same value."""
