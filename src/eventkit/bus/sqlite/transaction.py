"""One write transaction, as the jobs that share it see it."""

from __future__ import annotations

import sqlite3


class Transaction:
    """One write transaction, shared by the jobs that waited for it.

    Args:
        connection: In the transaction.
        now: The time of all that happens in it, in seconds since 1970.
    """

    __slots__ = ("execute", "executemany", "groups_to_wake", "now", "types_to_wake")

    def __init__(self, connection: sqlite3.Connection, now: float) -> None:
        self.execute = connection.execute
        self.executemany = connection.executemany
        self.now = now
        self.types_to_wake: set[str] = set()
        """Types of which there are new events: after the commit, those who handle them are woken."""
        self.groups_to_wake: set[int] = set()
        """Groups that may have something to hand out: after the commit, their instances are woken."""
