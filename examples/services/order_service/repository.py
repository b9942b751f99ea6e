"""Where orders are kept, and the transactions in which they change."""

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
from order_service.database import Base
from order_service.models import OPEN, Order, OrderStatus

# Locks the rows where the database has row locks; transactions on SQLite exclude each other anyway.
_ORDERS: Final = select(Order).with_for_update()
# How many orders are followed up at once: transactions stay short.
BATCH: Final = 100


class OrderRepository:
    """Orders in an SQL database.

    Args:
        engine: Of `eventkit.delivery.database.sql_engine`.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reading_sessions = async_sessionmaker(reading, expire_on_commit=False)

    async def create_tables(self) -> None:
        """Create what is not there yet: the orders, and the inbox and outbox beside them."""
        await create_tables(self._engine, Base.metadata, tables.metadata)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Orders]:
        """Change orders: all that is done and published in the block takes effect together, or not at all."""
        async with self._sessions.begin() as session:
            with outbox(session):
                yield Orders(session)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Orders]:
        """Look at orders, without holding up those who change them."""
        async with self._reading_sessions() as session:
            yield Orders(session)


class Orders:
    """The orders, seen from inside one transaction.

    Args:
        session: The transaction.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def first_time(self) -> bool:
        """Tell whether the event being handled was not handled before, and record that it is now."""
        return await first_time(self._session)

    def add(self, order: Order) -> None:
        """Add a new order."""
        self._session.add(order)

    async def get(self, order_id: str) -> Order | None:
        """Return one order."""
        return await self._session.scalar(_ORDERS.where(Order.order_id == order_id))

    async def of_request(self, user_id: str, request_id: str) -> Order | None:
        """Return the order that was made for a customer's request."""
        return await self._session.scalar(_ORDERS.where(Order.user_id == user_id, Order.request_id == request_id))

    async def of_subscription(self, subscription_id: str) -> Sequence[Order]:
        """Return the orders that pay for a subscription, the newest first."""
        found = _ORDERS.where(Order.subscription_id == subscription_id).order_by(Order.created_at.desc())
        return (await self._session.scalars(found)).all()

    async def open_of_user(self, user_id: str) -> Sequence[Order]:
        """Return a customer's orders that are not paid yet."""
        found = _ORDERS.where(Order.user_id == user_id, Order.status.in_(OPEN))
        return (await self._session.scalars(found)).all()

    async def to_remind(self, placed_before: datetime) -> Sequence[Order]:
        """Return orders that wait for their payment since `placed_before` or longer, without a reminder so far."""
        found = _ORDERS.where(Order.status == OrderStatus.PENDING, Order.created_at <= placed_before).limit(BATCH)
        return (await self._session.scalars(found)).all()

    async def overdue(self, now: datetime) -> Sequence[Order]:
        """Return orders that still wait for their payment although their time is over."""
        found = _ORDERS.where(Order.status.in_(OPEN), Order.expires_at <= now).limit(BATCH)
        return (await self._session.scalars(found)).all()

    async def to_refund(self) -> Sequence[Order]:
        """Return orders whose money is to be paid back."""
        return (await self._session.scalars(_ORDERS.where(Order.refund_due).limit(BATCH))).all()
