"""The outbox on PostgreSQL, where several relays publish at once: each locks the events that it publishes.

Theory of operation. A relay may publish the oldest event of a lane (a key), and those right behind it, while it holds
the locks of their rows. It takes them with `FOR UPDATE SKIP LOCKED`, publishes while the transaction is open, and
deletes in the same transaction what the bus confirmed. Whatever ends the relay ends the transaction, and frees the
rows.

- *Order.* Rows that another relay publishes are locked and still there, so what stands behind them is not the oldest of
  its lane, and is left alone: rows are taken from the front of a lane up to the first one that is locked.
- *Nothing is skipped.* Positions are given when events are written, and become visible when their transactions commit,
  which is another order. Hence no position is remembered: each walk begins with the oldest events that are there, and
  an event that shows up late in front of others goes out then. A transaction that saw another one's commit gets the
  greater positions for what it writes thereafter, and whoever sees its events sees those of the other one as well.
- *Lease.* A relay that hangs, or is cut off, would keep its locks. PostgreSQL ends a transaction in which nothing
  happens for the length of the lease (`idle_in_transaction_session_timeout`); a relay that waits for a slow bus asks
  for something in time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from math import ceil
from typing import Final

from eventkit.contract.errors import BusError
from eventkit.delivery import tables
from eventkit.delivery.outbox_rows import OutboxRows, Page, Row, remove

# isort: split
from sqlalchemy import ARRAY, BigInteger, bindparam, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

ANSWERED_WITHIN: Final = 10.0
"""Seconds after which a database is taken not to answer any more, as where a connection is half open."""
START_WITHIN: Final = 4.5
"""Seconds without an answer after which a start fails; five are promised."""
_TICKS: Final = 9
_BEFORE_ALL: Final = -1  # lanes are 0 and more

_left: set[asyncio.Task[None]] = set()


class LockedRows(OutboxRows):
    """Rows that this relay has locked. Pages are in the order of lanes: none waits for another one's backlog."""

    def __init__(self, engine: AsyncEngine, lease: float) -> None:
        super().__init__(engine, lease)
        # What a row that another relay has just deleted means is different in stricter isolation: an error.
        self._locking = engine.execution_options(isolation_level="READ COMMITTED")

    async def check(self) -> None:
        """Read the tables, for no longer than a start may take; whoever waits on SQLite is told so by SQLite itself.

        Raises:
            BusError: The database cannot be reached, or does not answer.
            ConfigurationError: A table cannot be read, because it is missing for example.
        """
        reading = asyncio.create_task(super().check())
        _left.add(reading)
        reading.add_done_callback(_forget)
        try:
            # Many ticks instead of one: an event loop that was blocked for long must not take the database for silent.
            for _ in range(_TICKS):
                await asyncio.wait({reading}, timeout=START_WITHIN / _TICKS)
                if reading.done():
                    return reading.result()
            raise BusError(
                f"the database of the outbox does not answer within {START_WITHIN:g} s",
                mend="see whether it runs, and whether somebody has locked the tables of the outbox",
            )
        finally:
            reading.cancel()  # it is not waited for: to clean up, the driver may have to ask the database

    @asynccontextmanager
    async def page(self, after: int | None, limit: int) -> AsyncIterator[Page]:
        """Claim the oldest rows of some lanes: one each, or more where there are few lanes."""
        async with asyncio.timeout(ANSWERED_WITHIN):
            lanes = await self._lanes(_BEFORE_ALL if after is None else after, limit)
        if not lanes:
            yield self._new_page()
            return
        share = ceil(limit / len(lanes))
        async with self._locking.connect() as connection:
            page = self._new_page(partial(_still_there, connection))
            async with asyncio.timeout(ANSWERED_WITHIN):
                lease = func.set_config("idle_in_transaction_session_timeout", str(ceil(self.lease * 1000)), True)
                await connection.execute(select(lease))
                page.rows = await self._claim(connection, lanes, share)
            page.following = lanes[-1] if len(lanes) == limit else None
            yield page
            async with asyncio.timeout(ANSWERED_WITHIN):
                await remove(connection, page.published, page.refused)
                await connection.commit()
        page.more = bool(page.published) and share in Counter(row.lane for row in page.rows).values()

    async def _lanes(self, after: int, limit: int) -> Sequence[int]:
        """Return the next lanes in which there are events, by one look into the index for each."""
        outbox = tables.outbox.c
        lanes = select(func.min(outbox.lane).label("lane")).where(outbox.lane > after).cte("lanes", recursive=True)
        following = select(func.min(outbox.lane)).where(outbox.lane > lanes.c.lane).scalar_subquery()
        lanes = lanes.union_all(select(following).where(lanes.c.lane.is_not(None)))
        async with self._reading.connect() as connection:
            found = await connection.scalars(select(lanes.c.lane).where(lanes.c.lane.is_not(None)).limit(limit))
            return found.all()

    @staticmethod
    async def _claim(connection: AsyncConnection, lanes: Sequence[int], share: int) -> Sequence[Row]:
        """Lock the rows at the front of each lane, up to the first one that another relay has."""
        outbox, each = tables.outbox, tables.outbox.alias()
        wanted = (
            func.unnest(bindparam("lanes", lanes, ARRAY(BigInteger)))
            .table_valued("lane", name="wanted")
            .render_derived()
        )
        place = func.row_number().over(order_by=each.c.position).label("place")
        oldest = (
            select(each.c.position, place)
            .where(each.c.lane == wanted.c.lane)
            .order_by(each.c.position)
            .limit(share)
            .lateral("oldest")
        )
        query = (
            select(outbox.c.position, outbox.c.lane, outbox.c.event, oldest.c.place)
            .select_from(wanted)
            .join(oldest, true())
            .join(outbox, outbox.c.position == oldest.c.position)
            .order_by(outbox.c.position)
            .with_for_update(of=outbox, skip_locked=True)
        )
        rows: list[Row] = []
        taken: Counter[int] = Counter()
        for position, lane, event, place_ in await connection.execute(query):
            if place_ == taken[lane] + 1:
                taken[lane] += 1
                rows.append(Row(position, lane, event))
        return rows


def _forget(reading: asyncio.Task[None]) -> None:
    _left.discard(reading)
    if not reading.cancelled():
        reading.exception()  # so that asyncio does not miss who asks for it


async def _still_there(connection: AsyncConnection) -> bool:
    """Let PostgreSQL hear of this relay; raises an error where it has ended the transaction."""
    async with asyncio.timeout(ANSWERED_WITHIN):
        await connection.execute(select(1))
    return True
