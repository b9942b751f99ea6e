"""The outbox: what a transaction publishes goes out if it commits, and only then.

    async with sessions.begin() as session:
        session.add(order)
        with outbox(session):
            await publish_order_created(order)

Inside the block, publishers store their events beside the service's data, in the caller's transaction. After the commit
a running `eventkit.delivery.relay.OutboxRelay`, of this process or another, publishes them to the bus.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from eventkit.contract.codec import to_structured
from eventkit.contract.context import publish_to
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import PublishError
from eventkit.delivery import tables
from eventkit.delivery.database import Transaction, connection_of, reason

# isort: split
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

_LANES: Final = 2**63  # what BIGINT holds, without a sign

_to_wake: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}


@contextmanager
def outbox(transaction: Transaction) -> Iterator[None]:
    """Let publishers called in the block store their events in the caller's transaction, and not on the bus.

    Args:
        transaction: The session or connection that the service's own changes go through. Committing it stays the
            caller's part, after the block.
    """
    _wake_after_commit(transaction)
    with publish_to(_Outbox(transaction)):
        yield


async def waiting(transaction: Transaction) -> int:
    """Return how many events wait in the outbox to be published.

    Args:
        transaction: A session or connection.
    """
    connection = await connection_of(transaction)
    return await connection.scalar(select(func.count()).select_from(tables.outbox)) or 0


@contextmanager
def woken_by_commits(woken: asyncio.Event) -> Iterator[None]:
    """Set the event after each commit of this process with an outbox, in whichever thread, while the block runs."""
    _to_wake[woken] = asyncio.get_running_loop()
    try:
        yield
    finally:
        del _to_wake[woken]


class _Outbox:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def publish(self, envelope: Envelope) -> None:
        try:
            connection = await connection_of(self._transaction)
            await connection.execute(
                tables.outbox.insert().values(
                    lane=_lane_of(envelope),
                    key=envelope.key,
                    event=to_structured(envelope).decode(),
                    stored_at=datetime.now(UTC),
                )
            )
        except SQLAlchemyError as error:
            raise PublishError(
                f"{envelope.type} was not stored in the outbox: {reason(error)}",
                where=tables.outbox.name,
                mend="create the tables of eventkit.delivery.tables.metadata, and keep the transaction open",
            ) from error


def _lane_of(envelope: Envelope) -> int:
    """Return the same number for all events of a key; an event without a key has a lane of its own."""
    text = f"id {envelope.id}" if envelope.key is None else f"key {envelope.key}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) % _LANES


def _wake_after_commit(transaction: Transaction) -> None:
    # Listening a second time would call twice; and a listener is gone with its session or connection.
    if isinstance(transaction, AsyncSession):
        session = transaction.sync_session
        if not event.contains(session, "after_commit", _session_committed):
            event.listen(session, "after_commit", _session_committed)
    else:
        connection = transaction.sync_connection
        if connection is not None and not event.contains(connection, "commit", _connection_commits):
            event.listen(connection, "commit", _connection_commits)


def _session_committed(session: Session) -> None:
    if not session.in_nested_transaction():  # releasing a savepoint commits nothing yet
        _wake_all()


def _connection_commits(_connection: Connection) -> None:
    # SQLAlchemy tells of a connection's commit just before it: a relay that finds nothing looks again soon.
    _wake_all()


def _wake_all() -> None:
    for woken, loop in tuple(_to_wake.items()):
        loop.call_soon_threadsafe(woken.set)
