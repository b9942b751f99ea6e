"""The rows of the outbox, as a relay sees them: it claims a page, publishes it, and settles what came of it.

How a page is claimed, so that no other relay publishes it meanwhile, is what databases do in different ways:
`outbox_led` and `outbox_locked`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import NamedTuple

from eventkit.contract.errors import BusError, ConfigurationError
from eventkit.delivery import tables
from eventkit.delivery.database import reason

# isort: split
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine


class Row(NamedTuple):
    """One event in the outbox.

    Args:
        position: Its place in the order.
        lane: Events of the same lane, which is to say key, go out one after the other.
        event: CloudEvents, structured mode.
    """

    position: int
    lane: int
    event: str


@dataclass(slots=True)
class Page:
    """Rows that this relay may publish, and what came of them.

    Args:
        lease: Seconds for which they stay its own.
        extend: Keeps them for another lease; tells whether that was possible.
        until: The time, of the monotonic clock, until which no other relay publishes them.
        rows: The rows, in order.
        following: Where the next page begins; None where this is the last one of the walk.
        published: Positions of the events that the bus confirmed.
        refused: Positions of the events that the bus does not take, with the reasons.
        more: Whether another walk would find rows that this one had to leave.
    """

    lease: float
    extend: Callable[[], Awaitable[bool]]
    until: float
    rows: Sequence[Row] = ()
    following: int | None = None
    published: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    more: bool = False

    async def renew(self) -> bool:
        """Keep the rows for another lease; tell whether that was possible."""
        until = monotonic() + self.lease  # before asking: it begins a little later
        if not await self.extend():
            return False
        self.until = until
        return True


async def _never() -> bool:
    return False


class OutboxRows(ABC):
    """What one relay does in the database.

    Args:
        engine: The database.
        lease: Seconds after which a relay that is not heard of loses its rows to another one.
    """

    def __init__(self, engine: AsyncEngine, lease: float) -> None:
        self.lease = lease
        # A read is one statement: it needs no transaction, and on SQLite not the right to write.
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def check(self) -> None:
        """Read the tables.

        Raises:
            BusError: The database cannot be reached.
            ConfigurationError: A table cannot be read, because it is missing for example.
        """
        async with AsyncExitStack() as stack:
            try:
                connection = await stack.enter_async_context(self._reading.connect())
            except (SQLAlchemyError, OSError) as error:
                raise BusError(
                    f"the database of the outbox cannot be reached: {reason(error)}",
                    mend="see whether it runs, and whether its URL is right",
                ) from error
            try:
                for table in (tables.outbox, tables.outbox_lead, tables.outbox_refused):
                    await connection.execute(select(table).limit(1))
            except SQLAlchemyError as error:
                raise ConfigurationError(
                    f"the outbox cannot be read: {reason(error)}",
                    mend="create the tables of eventkit.delivery.tables.metadata in the service's database",
                ) from None

    @abstractmethod
    def page(self, after: int | None, limit: int) -> AbstractAsyncContextManager[Page]:
        """Claim rows while the block runs, and settle after it what it noted in the page.

        Args:
            after: Where the page begins: `following` of the page before; None begins a walk through the outbox.
            limit: How many rows it has, roughly.
        """

    def _new_page(self, extend: Callable[[], Awaitable[bool]] = _never) -> Page:
        """Return a page without rows, whose lease begins now: to be called before what begins it in the database."""
        return Page(self.lease, extend, monotonic() + self.lease)


async def remove(connection: AsyncConnection, published: Collection[int], refused: Mapping[int, str]) -> None:
    """Delete events that the bus confirmed, and set aside those that it refused."""
    outbox, now = tables.outbox, datetime.now(UTC)
    if refused:
        found = await connection.execute(select(outbox).where(outbox.c.position.in_(refused)))
        aside = [{**row, "refused_at": now, "reason": refused[row["position"]]} for row in found.mappings()]
        if aside:
            await connection.execute(tables.outbox_refused.insert(), aside)
    if gone := [*published, *refused]:
        await connection.execute(outbox.delete().where(outbox.c.position.in_(gone)))
