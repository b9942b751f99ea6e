"""The inbox: a handler's effect happens once, although its event may come twice.

A bus delivers *at least* once. The handler asks `first_time` in the transaction that holds its effect: effect and
record are committed together, or neither is.

    @service.handler
    async def handle_payment_completed(event: PaymentCompletedEvent, sessions: Sessions) -> None:
        async with sessions.begin() as session:
            if not await first_time(session):
                return
            ...
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from eventkit.contract.context import current_handling
from eventkit.contract.errors import ConfigurationError
from eventkit.delivery import tables
from eventkit.delivery.database import Transaction, connection_of, insert_into

_LONGEST: Final = 200
"""Characters of a name that is stored as it is: PostgreSQL's indexes take 2,704 bytes for three names."""


async def first_time(transaction: Transaction) -> bool:
    """Record, in the caller's transaction, that the event being handled is handled; tell whether it was not before.

    While another transaction records the same event, the call waits for its end.

    Args:
        transaction: The session or connection that the handler's own changes go through.

    Returns:
        False where the event was recorded before: its effect is there, and the handler has nothing to do.

    Raises:
        ConfigurationError: No event is being handled here.
    """
    handling = current_handling()
    if handling is None:
        raise ConfigurationError(
            "first_time() was called while no event is handled",
            mend="call it in a handler; in a test, inside `eventkit.testing.handling`",
        )
    connection = await connection_of(transaction)
    record = insert_into(tables.inbox, connection).values(
        service=_short(handling.group),
        source=_short(handling.envelope.source),
        event_id=_short(handling.envelope.id),
        handled_at=datetime.now(UTC),
    )
    result = await connection.execute(record.on_conflict_do_nothing())
    return result.rowcount == 1


async def forget(transaction: Transaction, older_than: timedelta) -> int:
    """Delete, in the caller's transaction, the records of events that were handled long ago.

    An event that comes again after its record is gone is handled again: keep records for longer than the bus keeps
    events and dead letters.

    Args:
        transaction: A session or connection.
        older_than: The age from which records are deleted.

    Returns:
        How many there were.
    """
    connection = await connection_of(transaction)
    old = tables.inbox.c.handled_at < datetime.now(UTC) - older_than
    result = await connection.execute(tables.inbox.delete().where(old))
    return result.rowcount


def _short(name: str) -> str:
    """Return a name, or what stands for one that is too long for an index."""
    return name if len(name) <= _LONGEST else f"sha256:{sha256(name.encode()).hexdigest()}"
