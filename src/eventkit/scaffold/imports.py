"""Imports as ruff writes them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

LINE_LENGTH: Final = 120


def import_from(module: str, names: Collection[str]) -> str:
    """Return the import of names from a module, sorted, and folded where it would be too long."""
    ordered = sorted(set(names), key=_order)
    line = f"from {module} import {', '.join(ordered)}"
    if len(line) <= LINE_LENGTH:
        return line
    return "\n".join([f"from {module} import (", *(f"    {name}," for name in ordered), ")"])


def _order(name: str) -> tuple[int, str]:
    # Constants, then classes, then functions.
    constant = len(name) > 1 and name.isupper()
    return (0 if constant else 1 if name[:1].isupper() else 2), name.lower()
