"""Looking at the log as it grows.

A follower looks several times a second rather than have a bell: a bell stands in the file, and following is to leave
no trace there.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from eventkit.bus.sqlite.transaction import Transaction

LOOK_EVERY: Final = 0.1
"""Seconds between two looks at a log in which nothing new was."""
STEP: Final = 200
"""How many events one look returns at the most."""


class Seen(NamedTuple):
    """One event of the log."""

    seq: int
    type: str
    headers: str
    body: bytes


def position_at(transaction: Transaction, since: float | None) -> int:
    """Return the position in the log at which to begin.

    Args:
        transaction: The transaction.
        since: Before the first event from this time on, in seconds since 1970; None means behind the newest event.
    """
    (newest,) = transaction.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
    if since is None:
        return int(newest)
    first = transaction.execute("SELECT seq FROM events WHERE at >= ? ORDER BY seq LIMIT 1", (since,)).fetchone()
    return int(newest if first is None else first[0] - 1)


def published_after(transaction: Transaction, position: int) -> list[Seen]:
    """Return the next events behind a position, without those that were replayed."""
    rows = transaction.execute(
        "SELECT seq, type, headers, body FROM events WHERE seq > ? AND addressee IS NULL ORDER BY seq LIMIT ?",
        (position, STEP),
    )
    return [Seen(*row) for row in rows]
