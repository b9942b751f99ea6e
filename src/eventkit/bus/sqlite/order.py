"""Order per key: which deliveries hold back which.

The deliveries of one key in one group stand in the order of publication. Some may be out, all of them at one instance.
The first of the others may be handed out when it is due and nothing of its key is out. The rest is held back: its `due`
is NULL until `let_go` finds it in front. So finding what may be handed out takes one look at an index, however many are
held back.

An event that ends the process of its handler takes with it all that was out at the same instance. What has crashed
twice is a *suspect*, and suspects are handed out alone, one of a group at a time: the culprit goes on crashing until
the worker gives it up, and the others are handled.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from eventkit.bus.sqlite.transaction import Transaction

SUSPECT: Final = 2
"""How many crashes make a delivery a suspect. An index has the number too, so statements have it as a literal."""
CLOCK_STEP: Final = 1.0
"""Seconds by which the clock may be set back unnoticed; timers are late by as much."""

_LET_GO: Final = """
    UPDATE deliveries SET due = 0
    WHERE group_id = :group AND lease IS NULL AND due IS NULL
    AND seq = (SELECT seq FROM deliveries WHERE group_id = :group AND key = :key AND lease IS NULL ORDER BY seq LIMIT 1)
    AND NOT EXISTS (SELECT 1 FROM deliveries WHERE group_id = :group AND key = :key AND lease IS NOT NULL)
"""
_OUT: Final = "SELECT 1 FROM deliveries WHERE group_id = ? AND key = ? AND lease IS NOT NULL LIMIT 1"
# The planner would rather walk through the whole group in the order of its primary key.
_WAITING: Final = """
    SELECT seq, type, coalesce(due, 0), crashes
    FROM deliveries INDEXED BY deliveries_key JOIN events USING (seq)
    WHERE group_id = ? AND deliveries.key = ? AND lease IS NULL ORDER BY seq LIMIT ?
"""


def let_go(transaction: Transaction, group: int, keys: Iterable[str]) -> None:
    """Let what stands in front of these keys be handed out, unless something of its key is out.

    To be called after anything of a key was settled, released or put in.
    """
    if transaction.executemany(_LET_GO, [{"group": group, "key": key} for key in keys]).rowcount > 0:
        transaction.groups_to_wake.add(group)


def take_back(transaction: Transaction, group: int) -> None:
    """Take back what has outlived its lease: whoever had it has crashed, or lost the file."""
    ended = transaction.execute(
        "SELECT seq, key FROM deliveries INDEXED BY deliveries_out"
        " WHERE group_id = ? AND lease IS NOT NULL AND due <= ?",
        (group, transaction.now),
    ).fetchall()
    transaction.executemany(
        "UPDATE deliveries SET lease = NULL, due = iif(key IS NULL, 0, NULL), crashes = crashes + 1"
        " WHERE group_id = ? AND seq = ?",
        [(group, seq) for seq, _ in ended],
    )
    let_go(transaction, group, {key for _, key in ended if key is not None})


def front(
    transaction: Transaction, group: int, due: tuple[int, str], *, left: Collection[str], suspect: bool, limit: int
) -> list[int]:
    """Return the deliveries of a key that may be handed out now: together, to one instance, in this order.

    Args:
        transaction: The transaction.
        group: The group.
        due: A delivery that is due, by its `seq` and its key. It is held back where it may not be handed out yet.
        left: Event types that are left to other instances.
        suspect: Whether suspects are asked for, or all others.
        limit: How many to return at the most.
    """
    seq, key = due
    found: list[int] = []
    if transaction.execute(_OUT, (group, key)).fetchone() is None:
        for each, type_, since, crashes in transaction.execute(_WAITING, (group, key, limit)):
            if type_ in left or since > transaction.now or (crashes >= SUSPECT) is not suspect:
                break
            found.append(each)
    if not found:
        transaction.execute("UPDATE deliveries SET due = NULL WHERE group_id = ? AND seq = ?", (group, seq))
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
