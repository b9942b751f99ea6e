"""The collector of reference cycles, for programs that make millions of objects and hardly a cycle among them."""

from __future__ import annotations

import gc
from typing import Final

_OBJECTS: Final = 50_000
"""How many more objects there may be until it looks for cycles; by default 700."""


def collect_seldom() -> None:
    """Let it run seldom: each time it looks through objects of which all are still needed."""
    gc.set_threshold(_OBJECTS, *gc.get_threshold()[1:])
