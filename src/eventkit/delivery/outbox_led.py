"""The outbox on a database that has one writer at a time, SQLite: one relay leads, and the others wait.

A relay takes the row of `eventkit_outbox_lead` when there is something to publish, renews it in time, and gives it up
when it is through.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final

from eventkit.contract.envelope import new_id
from eventkit.delivery import tables
from eventkit.delivery.database import insert_into
from eventkit.delivery.outbox_rows import OutboxRows, Page, Row, remove

# isort: split
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

_LEAD: Final = 1


class LedRows(OutboxRows):
    """Rows that the relay that leads may publish. Pages are in the order of positions."""

    def __init__(self, engine: AsyncEngine, lease: float) -> None:
        super().__init__(engine, lease)
        self._engine = engine
        self._holder = new_id()
        self._until = 0.0

    @asynccontextmanager
    async def page(self, after: int | None, limit: int) -> AsyncIterator[Page]:
        """Claim the rows behind a position."""
        if after is None:
            after = 0
            # A look before taking the lead: reading costs nothing, and mostly there is nothing.
            if not await self._read(after, limit=1) or not await self._lead():
                yield self._new_page()
                return
        page = self._new_page(self._lead)
        page.until = self._until
        page.rows = await self._read(after, limit)
        page.following = page.rows[-1].position if len(page.rows) == limit else None
        yield page
        if not await self._settle(page):
            page.following = None

    async def _read(self, after: int, limit: int) -> Sequence[Row]:
        outbox = tables.outbox.c
        query = select(outbox.position, outbox.lane, outbox.event)
        async with self._reading.connect() as connection:
            found = await connection.execute(
                query.where(outbox.position > after).order_by(outbox.position).limit(limit)
            )
            return [Row(*row) for row in found]

    async def _lead(self) -> bool:
        """Take the lead, or renew it; tell whether this relay leads now."""
        lead, now, until = tables.outbox_lead.c, datetime.now(UTC), monotonic() + self.lease
        mine = {"holder": self._holder, "until": now + timedelta(seconds=self.lease)}
        async with self._engine.begin() as connection:
            result = await connection.execute(
                insert_into(tables.outbox_lead, connection)
                .values(id=_LEAD, **mine)
                .on_conflict_do_update(
                    index_elements=[lead.id], set_=mine, where=or_(lead.holder == self._holder, lead.until <= now)
                )
            )
        self._until = until
        return result.rowcount == 1

    async def _settle(self, page: Page) -> bool:
        """Remove what is done with, and renew the lead or give it up; tell whether this relay still leads."""
        lead, now, until = tables.outbox_lead.c, datetime.now(UTC), monotonic() + self.lease
        goes_on = page.following is not None
        async with self._engine.begin() as connection:
            await remove(connection, page.published, page.refused)
            result = await connection.execute(
                tables.outbox_lead.update()
                .where(lead.holder == self._holder)
                .values(until=now + timedelta(seconds=self.lease) if goes_on else now)
            )
        self._until = until
        return goes_on and result.rowcount == 1
