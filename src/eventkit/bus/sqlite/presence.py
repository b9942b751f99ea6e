"""Which instances live, what they handle, and where they listen."""

from __future__ import annotations

from typing import Final

from eventkit.bus.sqlite.claims import Instance
from eventkit.bus.sqlite.transaction import Transaction

PRESENCE: Final = 120.0


def presence(instance: Instance) -> float:
    """Return the seconds for which an instance counts as living after it was last heard of.

    An instance with no room for more events is heard of only when it renews their leases.
    """
    return max(PRESENCE, instance.lease)


def appear(transaction: Transaction, instance: Instance, port: int | None) -> None:
    """Note that an instance lives, and where its bell is; forget those that have died."""
    transaction.execute("DELETE FROM listeners WHERE until < ? OR instance = ?", (transaction.now, instance.id))
    transaction.executemany(
        "INSERT INTO listeners (type, group_id, instance, port, until) VALUES (?, ?, ?, ?, ?)",
        [
            (type_, instance.group, instance.id, port, transaction.now + presence(instance))
            for type_ in sorted(instance.types)
        ],
    )


def vanish(transaction: Transaction, instance: Instance) -> None:
    """Note that an instance has ended; what it left to others or others left to it is looked at again."""
    transaction.execute("DELETE FROM listeners WHERE instance = ?", (instance.id,))
    transaction.groups_to_wake.add(instance.group)


def ports_to_wake(transaction: Transaction) -> set[int]:
    """Return where those listen that a transaction has something for."""
    queries: list[tuple[str, int | str]] = [
        *(("SELECT port FROM listeners WHERE type = ? AND until > ?", type_) for type_ in transaction.types_to_wake),
        *(("SELECT port FROM listeners WHERE group_id = ? AND until > ?", id) for id in transaction.groups_to_wake),
    ]
    ports = {port for query, which in queries for (port,) in transaction.execute(query, (which, transaction.now))}
    return ports - {None}
