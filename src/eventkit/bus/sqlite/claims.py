"""Claiming: which deliveries an instance gets, in one transaction.

First what is due among the deliveries that have a row: retries, what was released, what has outlived its lease. Then
new events of the log: each one that the group handles gets a row, under a lease, or held back where another delivery
of its key is on its way.

An instance leaves the event types that it does not handle to instances that do: while a new version of a service is
rolled out, the events that only the new one handles wait for it. Where no instance lives that handles a type, everyone
gets its events. The worker makes them dead letters then, so that nothing waits unseen and holds back its key.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from eventkit.bus.sqlite.order import follow_clock, front, take_back
from eventkit.bus.sqlite.transaction import Transaction

SCAN: Final = 1000
"""How many events of the log one transaction looks at."""
STRIDE: Final = 500
"""How many events that are not for the group are looked at again rather than its position be written."""
RUN: Final = 16
"""How many deliveries of one key go out together: enough to save transactions, few enough not to fill a worker."""
NO_FAILURES: Final = "[]"
_NEW_DELIVERY: Final = (
    "INSERT INTO deliveries (group_id, seq, key, lease, due, crashes, failures) VALUES (?, ?, ?, ?, ?, 0, '[]')"
)
# The indexes are named, because the planner has no statistics and takes a wrong one here and there.
_DUE: Final = """
    SELECT seq, deliveries.key FROM deliveries INDEXED BY deliveries_due JOIN events USING (seq)
    WHERE group_id = :group AND lease IS NULL AND due <= :now AND crashes < 2
    AND type NOT IN (SELECT value FROM json_each(:left)) ORDER BY due, seq LIMIT :limit
"""
_SUSPECT: Final = """
    SELECT seq, deliveries.key FROM deliveries INDEXED BY deliveries_suspect JOIN events USING (seq)
    WHERE group_id = :group AND lease IS NULL AND due <= :now AND crashes >= 2
    AND type NOT IN (SELECT value FROM json_each(:left)) AND NOT EXISTS (
        SELECT 1 FROM deliveries INDEXED BY deliveries_suspect
        WHERE group_id = :group AND lease IS NOT NULL AND crashes >= 2
    ) ORDER BY crashes, seq LIMIT 1
"""
_NEXT_DUE: Final = """
    SELECT min(due) FROM (
        SELECT min(due) AS due FROM deliveries INDEXED BY deliveries_due
        WHERE group_id = :group AND lease IS NULL AND due > :now
        UNION ALL
        SELECT min(due) FROM deliveries INDEXED BY deliveries_out
        WHERE group_id = :group AND lease IS NOT NULL AND due > :now
    )
"""


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of a group.

    Args:
        id: Names it among all instances.
        group: The group.
        types: The event types that it handles.
        lease: Seconds for which what it gets is its own.
    """

    id: int
    group: int
    types: frozenset[str]
    lease: float


class Token(NamedTuple):
    """What a delivery is found by: it is still the claimer's while its row has this lease."""

    seq: int
    lease: int
    key: str | None


class Claimed(NamedTuple):
    """One delivery that was claimed: its token, and the row as it is stored."""

    token: Token
    crashes: int
    failures: str
    headers: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """What an instance got.

    Args:
        deliveries: In the order of publication.
        more: Not all of the log was looked at.
        due_in: Seconds until something is due that is not yet; None where nothing is.
    """

    deliveries: list[Claimed]
    more: bool
    due_in: float | None


@dataclass(slots=True)
class _Look:
    """What one look at the log found.

    Args:
        position: The last event that was looked at.
        more: There are events behind it.
        taken: Events for this instance: seq, key, headers, body.
        others: Events that get a row without a lease: seq, key, due.
    """

    position: int
    more: bool = True
    taken: list[tuple[int, str | None, str, bytes]] = field(default_factory=list)
    others: list[tuple[int, str | None, float | None]] = field(default_factory=list)


def claim(transaction: Transaction, instance: Instance, limit: int) -> Claim:
    """Give an instance up to `limit` deliveries.

    Args:
        transaction: The transaction.
        instance: Who gets them.
        limit: 1 or more.
    """
    group, now = instance.group, transaction.now
    follow_clock(transaction, group)
    take_back(transaction, group)
    left = _left_to_others(transaction, instance)
    lease, until = random.getrandbits(62), now + instance.lease

    again = sorted(_take_due(transaction, group, left, limit, (lease, until)))
    deliveries = [_load(transaction, group, seq) for seq in again]

    (position,) = transaction.execute("SELECT position FROM groups WHERE id = ?", (group,)).fetchone()
    look = _look_at_log(transaction, group, left, position, limit - len(again))
    transaction.executemany(
        _NEW_DELIVERY,
        [
            *((group, seq, key, lease, until) for seq, key, _, _ in look.taken),
            *((group, seq, key, None, due) for seq, key, due in look.others),
        ],
    )
    deliveries += [
        Claimed(Token(seq, lease, key), 0, NO_FAILURES, headers, body) for seq, key, headers, body in look.taken
    ]

    if deliveries or look.others or look.position >= position + STRIDE:
        transaction.execute("UPDATE groups SET position = ?, clock = ? WHERE id = ?", (look.position, now, group))
    if left and look.others:
        transaction.groups_to_wake.add(group)
    (next_due,) = transaction.execute(_NEXT_DUE, {"group": group, "now": now}).fetchone()
    return Claim(deliveries, look.more, None if next_due is None else next_due - now)


def _left_to_others(transaction: Transaction, instance: Instance) -> set[str]:
    living = transaction.execute(
        "SELECT DISTINCT type FROM listeners WHERE group_id = ? AND until > ?", (instance.group, transaction.now)
    )
    return {type_ for (type_,) in living} - instance.types


def _take_due(transaction: Transaction, group: int, left: set[str], limit: int, lease: tuple[int, float]) -> set[int]:
    taken: set[int] = set()
    which = {"group": group, "now": transaction.now, "left": json.dumps(sorted(left)), "limit": limit}
    for query, suspect, most in ((_SUSPECT, True, 1), (_DUE, False, RUN)):
        before = len(taken)
        # What is due is taken or, if it may not go out, held back: the next query finds others, or nothing.
        while len(taken) == before < limit and (rows := transaction.execute(query, which).fetchall()):
            for seq, key in rows:
                room = min(most, limit - len(taken))
                if seq in taken or not room:
                    continue
                found = [seq]
                if key is not None:
                    found = front(transaction, group, (seq, key), left=left, suspect=suspect, limit=room)
                transaction.executemany(
                    "UPDATE deliveries SET lease = ?, due = ? WHERE group_id = ? AND seq = ?",
                    [(*lease, group, each) for each in found],
                )
                taken.update(found)
    return taken


def _load(transaction: Transaction, group: int, seq: int) -> Claimed:
    key, lease, crashes, failures, headers, body = transaction.execute(
        "SELECT deliveries.key, lease, crashes, failures, headers, body FROM deliveries JOIN events USING (seq)"
        " WHERE group_id = ? AND seq = ?",
        (group, seq),
    ).fetchone()
    return Claimed(Token(seq, lease, key), crashes, failures, headers, body)


def _look_at_log(transaction: Transaction, group: int, left: set[str], position: int, limit: int) -> _Look:
    look = _Look(position)
    events = transaction.execute(
        "SELECT seq, key, type, headers, body,"
        " EXISTS (SELECT 1 FROM deliveries WHERE group_id = :group AND deliveries.key = events.key)"
        " FROM events WHERE seq > :position AND seq <= :position + :scan AND coalesce(addressee = :group,"
        " type IN (SELECT type FROM handled WHERE group_id = :group)) ORDER BY seq",
        {"group": group, "position": position, "scan": SCAN},
    )
    runs: dict[str, int] = {}  # how many of a key were taken; RUN where no more of it may be
    for seq, key, type_, headers, body, on_its_way in events:
        if len(look.taken) >= limit:
            return look
        look.position = seq
        run = 0 if key is None else RUN if on_its_way else runs.get(key, 0)
        if type_ not in left and run < RUN:
            look.taken.append((seq, key, headers, body))
            run += 1
        else:
            look.others.append((seq, key, 0.0 if run == 0 else None))
            run = RUN
        if key is not None:
            runs[key] = run
    (newest,) = transaction.execute("SELECT coalesce(max(seq), 0) FROM events").fetchone()
    look.position = max(position, min(position + SCAN, newest))
    look.more = look.position < newest
    return look
