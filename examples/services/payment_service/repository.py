"""Where payments, subscriptions and invoices are kept, and the transactions in which they change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from eventkit.delivery import tables
from eventkit.delivery.database import create_tables
from eventkit.delivery.inbox import first_time
from eventkit.delivery.outbox import outbox
from payment_service.database import Base
from payment_service.models import (
    RUNNING,
    Invoice,
    InvoiceStatus,
    PaymentIntent,
    PaymentStatus,
    Subscription,
)


class PaymentRepository:
    """Payments, subscriptions and invoices in an SQL database.

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
    async def transaction(self) -> AsyncIterator[Payments]:
        """Change payments: all that is done and published in the block takes effect together, or not at all."""
        async with self._sessions.begin() as session:
            with outbox(session):
                yield Payments(session)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Payments]:
        """Look at payments, without holding up those who change them."""
        async with self._reading_sessions() as session:
            yield Payments(session)


class Payments:
    """Payments, subscriptions and invoices, seen from inside one transaction.

    Args:
        session: The transaction.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def first_time(self) -> bool:
        """Tell whether the event being handled was not handled before, and record that it is now."""
        return await first_time(self._session)

    def add(self, entity: PaymentIntent | Subscription | Invoice) -> None:
        """Add something new."""
        self._session.add(entity)

    async def intent(self, payment_intent_id: str) -> PaymentIntent | None:
        """Return one payment intent."""
        return await self._session.get(PaymentIntent, payment_intent_id, with_for_update=True)

    async def intent_of_order(self, order_id: str) -> PaymentIntent | None:
        """Return the payment intent of an order."""
        return await self._session.scalar(select(PaymentIntent).where(PaymentIntent.order_id == order_id))

    async def is_being_charged(self, user_id: str) -> bool:
        """Tell whether a payment of the customer has no outcome yet."""
        pending = select(PaymentIntent).filter_by(user_id=user_id, status=PaymentStatus.PENDING).limit(1)
        return await self._session.scalar(pending) is not None

    async def subscription(self, subscription_id: str) -> Subscription | None:
        """Return one subscription."""
        return await self._session.get(Subscription, subscription_id, with_for_update=True)

    async def running_subscriptions(self, user_id: str) -> Sequence[Subscription]:
        """Return a customer's subscriptions that have not ended."""
        running = select(Subscription).where(Subscription.user_id == user_id, Subscription.status.in_(RUNNING))
        return (await self._session.scalars(running)).all()

    async def subscriptions_over_at(self, time: datetime) -> Sequence[Subscription]:
        """Return the subscriptions whose paid time was over at `time`, and that have not ended yet."""
        over = select(Subscription).where(Subscription.status.in_(RUNNING), Subscription.current_period_end <= time)
        return (await self._session.scalars(over)).all()

    async def invoice(self, invoice_id: str) -> Invoice | None:
        """Return one invoice."""
        return await self._session.get(Invoice, invoice_id, with_for_update=True)

    async def open_invoices(self, user_id: str) -> Sequence[Invoice]:
        """Return a customer's invoices that are not paid, the oldest first."""
        owed = select(Invoice).filter_by(user_id=user_id, status=InvoiceStatus.OPEN).order_by(Invoice.created_at)
        return (await self._session.scalars(owed)).all()

    async def anonymise(self, user_id: str, pseudonym: str) -> None:
        """Replace a customer's id wherever it is kept, and forget how the customer pays."""
        await self._session.execute(
            update(PaymentIntent).filter_by(user_id=user_id).values(user_id=pseudonym, payment_method=None)
        )
        for model in (Subscription, Invoice):
            await self._session.execute(update(model).filter_by(user_id=user_id).values(user_id=pseudonym))
