"""The log of events: what is published, which groups read it, and what may be removed."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from eventkit.bus.sqlite.order import let_go
from eventkit.bus.sqlite.transaction import Transaction
from eventkit.contract.codec import to_headers
from eventkit.contract.envelope import Envelope

PRUNE_STEP: Final = 1000
"""How many events are removed in one transaction at the most."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as the log has it.

    Args:
        type: The event's type name.
        key: The key whose order counts.
        headers: CloudEvents binary mode, a JSON object.
        body: The event's data.
    """

    type: str
    key: str | None
    headers: str
    body: bytes

    @classmethod
    def of(cls, envelope: Envelope) -> Entry:
        """Return the entry of an event."""
        headers = json.dumps(to_headers(envelope), ensure_ascii=False, separators=(",", ":"))
        return cls(envelope.type, envelope.key, headers, envelope.data)


def append(transaction: Transaction, entry: Entry) -> None:
    """Publish an event: one row, however many groups there are."""
    transaction.execute(
        "INSERT INTO events (at, type, key, headers, body) VALUES (?, ?, ?, ?, ?)",
        (transaction.now, entry.type, entry.key, entry.headers, entry.body),
    )
    transaction.types_to_wake.add(entry.type)


def join(transaction: Transaction, name: str, types: Collection[str]) -> int:
    """Register a group for event types; return the group's id.

    A new group starts with the oldest event of the log. For a type that is new in a group that exists, the part of the
    log that the group has passed is looked through.
    """
    transaction.execute(
        "INSERT INTO groups (name, position, clock) VALUES (?, coalesce((SELECT min(seq) FROM events), 1) - 1, ?)"
        " ON CONFLICT (name) DO NOTHING",
        (name, transaction.now),
    )
    group, position = transaction.execute("SELECT id, position FROM groups WHERE name = ?", (name,)).fetchone()
    known = {each for (each,) in transaction.execute("SELECT type FROM handled WHERE group_id = ?", (group,))}
    for each in sorted(set(types) - known):
        transaction.execute("INSERT INTO handled (group_id, type) VALUES (?, ?)", (group, each))
        _catch_up(transaction, group, each, position)
    return int(group)


def prune(transaction: Transaction, keep: float) -> bool:
    """Remove some of the events that are older than `keep` seconds and that no group needs any more.

    Returns:
        Whether there may be more of them.
    """
    # Every group is past an event, and has settled it and all before it: one number for each group, found by an index.
    (floor,) = transaction.execute(
        "SELECT min(coalesce((SELECT min(seq) FROM deliveries WHERE group_id = id), position + 1)) FROM groups"
        " WHERE EXISTS (SELECT 1 FROM handled WHERE group_id = id)"
    ).fetchone()
    (oldest,) = transaction.execute("SELECT min(seq) FROM events").fetchone()
    if oldest is None:
        return False
    end = oldest + PRUNE_STEP if floor is None else min(floor, oldest + PRUNE_STEP)
    delete = "DELETE FROM events WHERE seq < ? AND at < ?"
    return transaction.execute(delete, (end, transaction.now - keep)).rowcount == PRUNE_STEP


def _catch_up(transaction: Transaction, group: int, type_: str, position: int) -> None:
    found = transaction.execute(
        "INSERT INTO deliveries (group_id, seq, key, due, crashes, failures)"
        " SELECT ?, seq, key, iif(key IS NULL, 0, NULL), 0, '[]' FROM events"
        " WHERE type = ? AND seq <= ? AND addressee IS NULL ORDER BY seq",
        (group, type_, position),
    ).rowcount
    if found:
        keys = "SELECT DISTINCT key FROM deliveries WHERE group_id = ? AND key IS NOT NULL"
        let_go(transaction, group, [key for (key,) in transaction.execute(keys, (group,))])
