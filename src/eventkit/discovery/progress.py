"""How far a long run has come, told to whoever wants to show it."""

from __future__ import annotations

from collections.abc import Callable

Observer = Callable[[str, int, int], None]
"""Called with what is being done, how many of it are done, and how many there are."""


def unobserved(doing: str, done: int, total: int) -> None:
    """Show nothing."""
