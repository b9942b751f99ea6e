"""`unevaluatedProperties` and `unevaluatedItems`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eventkit.schema.budget import Undecided
from eventkit.schema.cases import Constraint
from eventkit.schema.values import Json

if TYPE_CHECKING:
    from eventkit.schema.nodes import Node

KEYWORDS = frozenset({"unevaluatedProperties", "unevaluatedItems"})


def parse(raw: dict[str, Json], node: Node) -> tuple[Constraint, ...]:
    """Return what the keywords demand."""
    if node.dialect == "draft-07":
        return ()
    raise Undecided(f"unevaluated properties and items at {node.pointer} are not decided")
