"""The entities of payment_service."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import uuid4

from sqlalchemy.orm import Mapped, mapped_column

from payment_service.database import Base


class Currency(StrEnum):
    """ISO 4217 codes of the currencies in which payments are taken."""

    USD = "USD"
    EUR = "EUR"
    GBP = "GBP"


class PaymentMethod(StrEnum):
    """How a customer pays."""

    CARD = "card"
    BANK_ACCOUNT = "bank_account"


class PaymentStatus(StrEnum):
    """What became of a payment intent."""

    PENDING = "pending"  # the gateway may have charged already: only its answer moves it on
    COMPLETED = "completed"
    FAILED = "failed"
    REFUNDED = "refunded"


class SubscriptionStatus(StrEnum):
    """Whether a subscription is paid."""

    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELED = "canceled"
    EXPIRED = "expired"


RUNNING = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE})
"""The states of a subscription that has not ended."""


class InvoiceStatus(StrEnum):
    """Whether an invoice is paid."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"


class PaymentIntent(Base):
    """One payment for one order, from the intent to its outcome."""

    __tablename__ = "payment_intents"

    payment_intent_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[str] = mapped_column(index=True)
    amount: Mapped[Decimal]
    currency: Mapped[Currency]
    wallet_id: Mapped[str | None]
    subscription_id: Mapped[str | None]
    plan_id: Mapped[str | None]
    created_at: Mapped[datetime]
    status: Mapped[PaymentStatus] = mapped_column(default=PaymentStatus.PENDING, index=True)
    payment_method: Mapped[PaymentMethod | None] = mapped_column(default=None)
    plan_days: Mapped[int | None] = mapped_column(default=None)
    trial_days: Mapped[int | None] = mapped_column(default=None)
    payment_id: Mapped[str | None] = mapped_column(default=None)
    error_code: Mapped[str | None] = mapped_column(default=None)
    error_message: Mapped[str | None] = mapped_column(default=None)
    refund_id: Mapped[str | None] = mapped_column(default=None)


class Subscription(Base):
    """The billing side of a subscription; product_service keeps what it gives the customer."""

    __tablename__ = "subscriptions"

    subscription_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(index=True)
    plan_id: Mapped[str]
    current_period_start: Mapped[datetime]
    current_period_end: Mapped[datetime]
    trial_end: Mapped[datetime | None] = mapped_column(default=None)
    status: Mapped[SubscriptionStatus] = mapped_column(default=SubscriptionStatus.ACTIVE, index=True)


class Invoice(Base):
    """A bill for what a customer used beyond the plan."""

    __tablename__ = "invoices"

    invoice_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(index=True)
    subscription_id: Mapped[str]
    amount_due: Mapped[Decimal]
    currency: Mapped[Currency]
    due_date: Mapped[datetime]
    created_at: Mapped[datetime]
    status: Mapped[InvoiceStatus] = mapped_column(default=InvoiceStatus.OPEN, index=True)
    paid_at: Mapped[datetime | None] = mapped_column(default=None)


def new_id(prefix: str) -> str:
    """Return an id that nobody else has, as `pi_5f0c...`."""
    return f"{prefix}_{uuid4().hex}"


def utc_now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(UTC)
