"""The entities of order_service, and what a customer asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from order_service.database import Base


class Currency(StrEnum):
    """ISO 4217 codes of the currencies that are accepted."""

    USD = "USD"
    EUR = "EUR"
    GBP = "GBP"


class OrderType(StrEnum):
    """What is ordered."""

    PURCHASE = "purchase"
    SUBSCRIPTION = "subscription"
    TOP_UP = "top_up"  # credits for the customer's wallet


class OrderStatus(StrEnum):
    """How far an order has come."""

    PENDING = "pending"  # waits for its payment
    PAYMENT_PENDING = "payment_pending"  # still waits, and the customer was reminded
    PAID = "paid"  # a top-up whose credits are not in the wallet yet
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"
    REFUNDED = "refunded"


OPEN = frozenset({OrderStatus.PENDING, OrderStatus.PAYMENT_PENDING})
"""The states of an order that is not paid yet."""


class Order(Base):
    """One order of one customer."""

    __tablename__ = "orders"
    __table_args__ = (UniqueConstraint("user_id", "request_id"),)

    order_id: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[str | None]
    user_id: Mapped[str] = mapped_column(index=True)
    order_type: Mapped[OrderType]
    total_amount: Mapped[Decimal]
    currency: Mapped[Currency]
    wallet_id: Mapped[str | None]
    subscription_id: Mapped[str | None] = mapped_column(index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    items: Mapped[list[OrderItem]] = relationship(lazy="selectin", order_by="OrderItem.position")
    status: Mapped[OrderStatus] = mapped_column(default=OrderStatus.PENDING, index=True)
    payment_intent_id: Mapped[str | None] = mapped_column(default=None)
    payment_id: Mapped[str | None] = mapped_column(default=None)
    failure: Mapped[str | None] = mapped_column(default=None)
    fulfilled_at: Mapped[datetime | None] = mapped_column(default=None)
    refund_due: Mapped[bool] = mapped_column(default=False, index=True)

    @property
    def is_open(self) -> bool:
        """Whether the order waits for its payment."""
        return self.status in OPEN


class OrderItem(Base):
    """One line of an order."""

    __tablename__ = "order_items"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True, init=False)
    position: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[Decimal]


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class ItemRequest(BaseModel):
    """One line of what a customer asks for."""

    model_config = ConfigDict(extra="forbid")

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1
    unit_price: Annotated[Decimal, Field(gt=0, max_digits=10, decimal_places=2)]


class OrderRequest(BaseModel):
    """What a customer asks for.

    Two requests of a customer with the same `request_id` are the same request: a caller that got no answer asks again
    with it.
    """

    model_config = ConfigDict(extra="forbid")

    user_id: Id
    order_type: OrderType = OrderType.PURCHASE
    currency: Currency = Currency.USD
    items: Annotated[list[ItemRequest], Field(min_length=1, max_length=100)]
    wallet_id: Id | None = None
    subscription_id: Id | None = None
    request_id: Id | None = None

    @model_validator(mode="after")
    def _names_what_it_is_for(self) -> Self:
        if (self.order_type is OrderType.SUBSCRIPTION) != (self.subscription_id is not None):
            raise ValueError("a subscription order, and no other, names its subscription_id")
        if (self.order_type is OrderType.TOP_UP) != (self.wallet_id is not None):
            raise ValueError("a top-up order, and no other, names its wallet_id")
        return self

    @property
    def total_amount(self) -> Decimal:
        """The price of all items, in units of `currency`."""
        return sum((item.unit_price * item.quantity for item in self.items), Decimal(0))


def new_id(prefix: str) -> str:
    """Return an id that nobody else has, as `ord_5f0c...`."""
    return f"{prefix}_{uuid4().hex}"


def utc_now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(UTC)
