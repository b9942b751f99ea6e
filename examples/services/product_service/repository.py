"""Where subscriptions and usage records are kept, and the transactions in which they change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from eventkit.delivery import tables
from eventkit.delivery.database import create_tables
from eventkit.delivery.inbox import first_time
from eventkit.delivery.outbox import outbox
from product_service.database import Base
from product_service.models import PAID, Subscription, UsageRecord

# Locks the rows where the database has row locks; transactions on SQLite exclude each other anyway.
_SUBSCRIPTIONS: Final = select(Subscription).with_for_update()
# How many subscriptions are ended at once: transactions stay short.
BATCH: Final = 100


class ProductRepository:
    """Subscriptions and usage records in an SQL database.

    Args:
        engine: Of `eventkit.delivery.database.sql_engine`.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reading_sessions = async_sessionmaker(reading, expire_on_commit=False)

    async def create_tables(self) -> None:
        """Create what is not there yet: this service's tables, and the inbox and outbox beside them."""
        await create_tables(self._engine, Base.metadata, tables.metadata)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Products]:
        """Change something: all that is done and published in the block takes effect together, or not at all."""
        async with self._sessions.begin() as session:
            with outbox(session):
                yield Products(session)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Products]:
        """Look at something, without holding up those who change it."""
        async with self._reading_sessions() as session:
            yield Products(session)


class Products:
    """Subscriptions and usage records, seen from inside one transaction.

    Args:
        session: The transaction.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def first_time(self) -> bool:
        """Tell whether the event being handled was not handled before, and record that it is now."""
        return await first_time(self._session)

    def add(self, entity: Subscription | UsageRecord) -> None:
        """Add something new."""
        self._session.add(entity)

    async def subscription(self, subscription_id: str) -> Subscription | None:
        """Return one subscription."""
        return await self._session.scalar(_SUBSCRIPTIONS.where(Subscription.subscription_id == subscription_id))

    async def subscriptions_of(self, user_id: str) -> Sequence[Subscription]:
        """Return all subscriptions of a customer, also those that ended."""
        return (await self._session.scalars(_SUBSCRIPTIONS.where(Subscription.user_id == user_id))).all()

    async def over_at(self, time: datetime) -> Sequence[Subscription]:
        """Return subscriptions whose paid period was over at `time`, and that have not ended yet."""
        over = _SUBSCRIPTIONS.where(Subscription.status.in_(PAID), Subscription.current_period_end <= time)
        return (await self._session.scalars(over.limit(BATCH))).all()

    async def usage_of_request(self, user_id: str, request_id: str) -> UsageRecord | None:
        """Return the record that was made for a customer's request."""
        return await self._session.scalar(select(UsageRecord).filter_by(user_id=user_id, request_id=request_id))
