"""Events of the outbox that the bus refused for good: they are set aside, to be looked at, and retried or dropped.

    for each in await refused(session):
        print(each.position, each.key, each.reason)
    await retry_refused(session, [7])

What follows a refused event under its key goes out: like a dead letter, it holds back nothing. One that is retried goes
out after them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from eventkit.delivery import tables
from eventkit.delivery.database import Transaction, connection_of

# isort: split
from sqlalchemy import select


class Refused(NamedTuple):
    """An event that the bus refused.

    Args:
        position: Names it.
        key: Its key.
        event: CloudEvents, structured mode.
        stored_at: When it was published into the outbox.
        refused_at: When the bus refused it.
        reason: Why.
    """

    position: int
    key: str | None
    event: str
    stored_at: datetime
    refused_at: datetime
    reason: str


async def refused(transaction: Transaction, limit: int = 100) -> Sequence[Refused]:
    """Return the oldest events that were refused.

    Args:
        transaction: A session or connection.
        limit: How many, at the most.
    """
    row = tables.outbox_refused.c
    query = select(row.position, row.key, row.event, row.stored_at, row.refused_at, row.reason)
    connection = await connection_of(transaction)
    rows = await connection.execute(query.order_by(row.position).limit(limit))
    return [
        Refused(position, key, event, _utc(stored_at), _utc(refused_at), reason)
        for position, key, event, stored_at, refused_at, reason in rows
    ]


async def retry_refused(transaction: Transaction, positions: Collection[int]) -> int:
    """Put refused events back into the outbox, in the caller's transaction, for the relay to publish them.

    Args:
        transaction: A session or connection.
        positions: Which ones.

    Returns:
        How many there were.
    """
    row = tables.outbox_refused.c
    take = tables.outbox_refused.delete().where(row.position.in_(positions))
    connection = await connection_of(transaction)
    taken = await connection.execute(take.returning(row.position, row.lane, row.key, row.event, row.stored_at))
    back = [dict(each) for each in taken.mappings()]
    if back:
        await connection.execute(tables.outbox.insert(), back)
    return len(back)


async def drop_refused(transaction: Transaction, positions: Collection[int]) -> int:
    """Delete refused events, in the caller's transaction.

    Args:
        transaction: A session or connection.
        positions: Which ones.

    Returns:
        How many there were.
    """
    connection = await connection_of(transaction)
    result = await connection.execute(
        tables.outbox_refused.delete().where(tables.outbox_refused.c.position.in_(positions))
    )
    return result.rowcount


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time  # SQLite knows no zones
