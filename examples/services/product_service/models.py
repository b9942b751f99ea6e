"""The entities of product_service, and what customers ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from product_service.database import Base


class Currency(StrEnum):
    """ISO 4217 codes of the currencies in which plans have a price."""

    USD = "USD"


class PlanTier(StrEnum):
    """How much a plan holds."""

    BASIC = "basic"
    PRO = "pro"
    ENTERPRISE = "enterprise"


class BillingCycle(StrEnum):
    """How often a subscription is paid."""

    MONTHLY = "monthly"
    YEARLY = "yearly"

    @property
    def length(self) -> timedelta:
        """How long what was paid once lasts."""
        return timedelta(days=30 if self is BillingCycle.MONTHLY else 365)


class SubscriptionStatus(StrEnum):
    """Whether a customer may use what was subscribed to."""

    PENDING = "pending"  # not paid yet
    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELED = "canceled"
    EXPIRED = "expired"


PAID = frozenset({SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE})
"""The states of a subscription that was paid for and has not ended."""


class Plan(BaseModel):
    """What can be subscribed to.

    Args:
        plan_id: Names the plan.
        plan_tier: How much it holds.
        billing_cycle: How often it is paid.
        price: What one cycle costs, in units of `currency`.
        currency: The currency of the price.
        trial_days: Free days at the beginning.
    """

    model_config = ConfigDict(frozen=True)

    plan_id: str
    plan_tier: PlanTier
    billing_cycle: BillingCycle
    price: Decimal
    currency: Currency = Currency.USD
    trial_days: int = 0


PLANS: Final = {
    plan.plan_id: plan
    for plan in (
        Plan(
            plan_id="basic-monthly",
            plan_tier=PlanTier.BASIC,
            billing_cycle=BillingCycle.MONTHLY,
            price=Decimal("9.00"),
        ),
        Plan(
            plan_id="pro-monthly",
            plan_tier=PlanTier.PRO,
            billing_cycle=BillingCycle.MONTHLY,
            price=Decimal("29.00"),
            trial_days=14,
        ),
        Plan(
            plan_id="enterprise-yearly",
            plan_tier=PlanTier.ENTERPRISE,
            billing_cycle=BillingCycle.YEARLY,
            price=Decimal("2990.00"),
        ),
    )
}


class Subscription(Base):
    """One customer's right to use what a plan holds; payment_service keeps its billing side."""

    __tablename__ = "subscriptions"

    subscription_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(index=True)
    organization_id: Mapped[str | None]
    plan_id: Mapped[str]
    plan_tier: Mapped[PlanTier]
    billing_cycle: Mapped[BillingCycle]
    current_period_start: Mapped[datetime]
    current_period_end: Mapped[datetime]
    status: Mapped[SubscriptionStatus] = mapped_column(default=SubscriptionStatus.PENDING, index=True)


class UsageRecord(Base):
    """That a customer used something."""

    __tablename__ = "usage_records"
    __table_args__ = (UniqueConstraint("user_id", "request_id"),)

    usage_record_id: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[str | None]
    user_id: Mapped[str] = mapped_column(index=True)
    organization_id: Mapped[str | None]
    subscription_id: Mapped[str | None]
    product_id: Mapped[str]
    usage_amount: Mapped[Decimal]
    session_id: Mapped[str | None]
    usage_details: Mapped[dict[str, str] | None]
    recorded_at: Mapped[datetime]


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class SubscriptionRequest(BaseModel):
    """A customer wants to subscribe to a plan."""

    model_config = ConfigDict(extra="forbid")

    user_id: Id
    plan_id: Id
    organization_id: Id | None = None


class UsageReport(BaseModel):
    """A customer used something.

    Two reports of a customer with the same `request_id` are the same report: a caller that got no answer reports again
    with it.
    """

    model_config = ConfigDict(extra="forbid")

    user_id: Id
    product_id: Id
    usage_amount: Annotated[Decimal, Field(gt=0, max_digits=20, decimal_places=6)]
    organization_id: Id | None = None
    subscription_id: Id | None = None
    session_id: Id | None = None
    request_id: Id | None = None
    usage_details: dict[str, str] | None = None


def new_id(prefix: str) -> str:
    """Return an id that nobody else has, as `sub_5f0c...`."""
    return f"{prefix}_{uuid4().hex}"


def utc_now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(UTC)
