"""What the groups have not handled yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from eventkit.bus.naming import Streams
from eventkit.bus.protocol import Lag
from eventkit.bus.sqlite.transaction import Transaction

# Each tells of a group: type, waiting, out, retrying, dead, when the oldest was published.
_HANDLED: Final = "SELECT type, 0, 0, 0, 0, NULL FROM handled WHERE group_id = :group"
_IN_LOG: Final = """
    SELECT type, count(*), 0, 0, 0, min(at) FROM events
    WHERE seq > (SELECT position FROM groups WHERE id = :group) AND coalesce(addressee = :group,
    type IN (SELECT type FROM handled WHERE group_id = :group)) GROUP BY type
"""
# What has outlived its lease is handed out anew: it waits.
_DELIVERIES: Final = """
    SELECT type, sum(coalesce(deliveries.due <= :now, 1)), sum(lease IS NOT NULL AND deliveries.due > :now),
    sum(lease IS NULL AND coalesce(deliveries.due > :now, 0)), 0, min(at)
    FROM deliveries JOIN events USING (seq) WHERE group_id = :group GROUP BY type
"""
_DEAD: Final = "SELECT type, 0, 0, 0, count(*), NULL FROM dead_letters WHERE group_id = :group GROUP BY type"


@dataclass(slots=True)
class _Sum:
    waiting: int = 0
    out: int = 0
    retrying: int = 0
    dead: int = 0
    oldest: float | None = None


def lag(transaction: Transaction, streams: Streams) -> list[Lag]:
    """Return what the groups have not handled yet, sorted by group and domain."""
    sums: dict[tuple[str, str], _Sum] = {}
    for group, name in transaction.execute("SELECT id, name FROM groups").fetchall():
        for query in (_HANDLED, _IN_LOG, _DELIVERIES, _DEAD):
            which = {"group": group, "now": transaction.now}
            for type_, waiting, out, retrying, dead, at in transaction.execute(query, which):
                found = sums.setdefault((name, streams.of(type_)), _Sum())
                found.waiting += waiting
                found.out += out
                found.retrying += retrying
                found.dead += dead
                found.oldest = min((each for each in (found.oldest, at) if each is not None), default=None)
    return [
        Lag(
            group,
            domain,
            found.waiting,
            found.out,
            found.retrying,
            found.dead,
            None if found.oldest is None else datetime.fromtimestamp(found.oldest, UTC),
        )
        for (group, domain), found in sorted(sums.items())
    ]
