"""Order per key: which deliveries hold back which.

The deliveries of one key in one group stand in the order of publication. Some may be out, all of them at one instance.
The first of the others may be handed out when it is due and nothing of its key is out. The rest is held back: its `due`
is NULL until `let_go` finds it in front. So finding what may be handed out takes one look at an index, however many are
held back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import takewhile
from typing import Final

from eventkit.bus.sqlite.transaction import Transaction

CLOCK_STEP: Final = 1.0
"""Seconds by which the clock may be set back unnoticed; timers are late by as much."""

_LET_GO: Final = """
    UPDATE deliveries SET due = 0
    WHERE group_id = :group AND lease IS NULL AND due IS NULL
    AND seq = (SELECT seq FROM deliveries WHERE group_id = :group AND key = :key AND lease IS NULL ORDER BY seq LIMIT 1)
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE group_id = :group AND key = :key AND lease IS NOT NULL)
"""


def let_go(transaction: Transaction, group: int, keys: Iterable[str]) -> None:
    """Let what stands in front of these keys be handed out, unless something of its key is out.

    To be called after anything of a key was settled, released or put in.
    """
    if transaction.executemany(_LET_GO, [{"group": group, "key": key} for key in keys]).rowcount > 0:
        transaction.groups_to_wake.add(group)


def front(transaction: Transaction, group: int, key: str, left: Collection[str], limit: int) -> list[int]:
    """Return the deliveries of a key that may be handed out now: together, to one instance, in this order.

    Leases that have ended are taken away. What is due and yet may not be handed out is held back.

    Args:
        transaction: The transaction.
        group: The group.
        key: A key of which something is due.
        left: Event types that are left to other instances.
        limit: How many to return at the most.
    """
    which = {"group": group, "key": key, "now": transaction.now, "limit": limit}
    (out_until,) = transaction.execute(
        "SELECT max(due) FROM deliveries WHERE group_id = :group AND key = :key AND lease IS NOT NULL", which
    ).fetchone()
    if out_until is not None and out_until > transaction.now:
        # What is due is looked at again when the rest was settled, or when the last lease has ended.
        transaction.execute(
            "UPDATE deliveries SET due = iif(lease IS NULL, NULL, :until)"
            " WHERE group_id = :group AND key = :key AND due <= :now",
            {**which, "until": out_until},
        )
        return []
    transaction.execute(
        "UPDATE deliveries SET lease = NULL, due = NULL WHERE group_id = :group AND key = :key AND lease IS NOT NULL",
        which,
    )
    rows = transaction.execute(
        "SELECT seq, coalesce(due, 0), type FROM deliveries JOIN events USING (seq)"
        " WHERE group_id = :group AND deliveries.key = :key AND lease IS NULL ORDER BY seq LIMIT :limit",
        which,
    )
    found = [seq for seq, _, _ in takewhile(lambda row: row[1] <= transaction.now and row[2] not in left, rows)]
    if not found:
        transaction.execute(
            "UPDATE deliveries SET due = NULL WHERE group_id = :group AND key = :key AND due <= :now", which
        )
        let_go(transaction, group, [key])
    return found


def follow_clock(transaction: Transaction, group: int) -> None:
    """Move the group's timers if the clock was set back, or they would be late by as much.

    To be called before timers are read or set, and what it writes is at least as new as each of them.
    """
    (clock,) = transaction.execute("SELECT clock FROM groups WHERE id = ?", (group,)).fetchone()
    if transaction.now < clock - CLOCK_STEP:
        transaction.execute(
            "UPDATE deliveries SET due = due - ? WHERE group_id = ? AND due IS NOT NULL",
            (clock - transaction.now, group),
        )
        note_time(transaction, group)


def note_time(transaction: Transaction, group: int) -> None:
    """Note that timers of the group were set just now."""
    transaction.execute("UPDATE groups SET clock = ? WHERE id = ?", (transaction.now, group))
