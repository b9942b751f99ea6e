"""The rows of the outbox, and the row that says which relay leads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from eventkit.contract.envelope import new_id
from eventkit.delivery import tables
from eventkit.delivery.database import insert_into

# isort: split
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

_LEAD: Final = 1


class Row(NamedTuple):
    """One event in the outbox.

    Args:
        position: Its place in the order.
        key: Events with the same key go out one after the other.
        event: CloudEvents, structured mode.
    """

    position: int
    key: str | None
    event: str


class OutboxRows:
    """What one relay does in the database.

    Args:
        engine: The database.
        lease: Seconds for which the lead lasts without being renewed.
    """

    def __init__(self, engine: AsyncEngine, lease: float) -> None:
        self._engine = engine
        # A read is one statement: it needs no transaction, and on SQLite not the right to write.
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._lease = timedelta(seconds=lease)
        self._holder = new_id()

    async def check(self) -> None:
        """Read both tables; raises SQLAlchemyError where one is missing."""
        async with self._reading.connect() as connection:
            await connection.execute(select(tables.outbox).limit(1))
            await connection.execute(select(tables.outbox_lead).limit(1))

    async def read(self, *, after: int, limit: int) -> Sequence[Row]:
        """Return up to `limit` events that stand behind the position `after`, in order."""
        outbox = tables.outbox.c
        query = select(outbox.position, outbox.key, outbox.event)
        async with self._reading.connect() as connection:
            found = await connection.execute(
                query.where(outbox.position > after).order_by(outbox.position).limit(limit)
            )
            return [Row(*row) for row in found]

    async def lead(self) -> bool:
        """Take the lead, or renew it; tell whether this relay leads now."""
        lead, now = tables.outbox_lead.c, datetime.now(UTC)
        async with self._engine.begin() as connection:
            mine = {"holder": self._holder, "until": now + self._lease}
            result = await connection.execute(
                insert_into(tables.outbox_lead, connection)
                .values(id=_LEAD, **mine)
                .on_conflict_do_update(
                    index_elements=[lead.id], set_=mine, where=or_(lead.holder == self._holder, lead.until <= now)
                )
            )
            return result.rowcount == 1

    async def settle(self, published: Collection[int], *, keep_lead: bool) -> bool:
        """Delete events that the bus confirmed, and renew the lead or give it up.

        Returns:
            Whether this relay still leads.
        """
        lead, now = tables.outbox_lead.c, datetime.now(UTC)
        async with self._engine.begin() as connection:
            await connection.execute(tables.outbox.delete().where(tables.outbox.c.position.in_(published)))
            result = await connection.execute(
                tables.outbox_lead.update()
                .where(lead.holder == self._holder)
                .values(until=now + self._lease if keep_lead else now)
            )
            return keep_lead and result.rowcount == 1
