"""The events that product_service publishes, and its reader models of those it handles."""

from __future__ import annotations

from decimal import Decimal

from pydantic import AwareDatetime, Field

from eventkit import Event
from product_service.models import BillingCycle, PlanTier, SubscriptionStatus

# Published: subscriptions. Those of one subscription are handled in order.


class SubscriptionEvent(Event, key="subscription_id"):
    """What every event about a subscription says of it."""

    subscription_id: str = Field(description="The subscription.")
    user_id: str = Field(description="The customer.")
    organization_id: str | None = Field(None, description="The organization for which the customer subscribed.")
    plan_id: str = Field(description="The plan.")
    plan_tier: PlanTier = Field(description="How much the plan holds.")
    billing_cycle: BillingCycle = Field(description="How often the subscription is paid.")
    current_period_start: AwareDatetime = Field(description="From when it can be used, in UTC.")
    current_period_end: AwareDatetime = Field(description="Until when it can be used, in UTC.")


class SubscriptionCreatedEvent(SubscriptionEvent, type="product.subscription.created"):
    """A customer wants to subscribe to a plan; it is not paid yet."""

    status: SubscriptionStatus = Field(description="The status at the beginning.")


class SubscriptionStatusChangedEvent(SubscriptionEvent, type="product.subscription.status_changed"):
    """A subscription has another status. The events below tell more of some changes."""

    old_status: SubscriptionStatus = Field(description="The status before.")
    new_status: SubscriptionStatus = Field(description="The status now.")
    reason: str | None = Field(None, description="Why, for people to read.")


class SubscriptionActivatedEvent(SubscriptionEvent, type="product.subscription.activated"):
    """A subscription was paid for, and can be used until the end of the period."""


class SubscriptionCanceledEvent(SubscriptionEvent, type="product.subscription.canceled"):
    """A subscription ended before its time."""

    cancellation_reason: str | None = Field(None, description="Why, for people to read.")


class SubscriptionExpiredEvent(SubscriptionEvent, type="product.subscription.expired"):
    """The period that was paid for is over."""

    expiration_date: AwareDatetime = Field(description="When it was over, in UTC.")


# Published: usage. What one customer used is handled in order.


class ProductUsageRecordedEvent(Event, type="product.usage.recorded", key="user_id"):
    """A customer used something."""

    usage_record_id: str = Field(description="The record.")
    user_id: str = Field(description="The customer.")
    organization_id: str | None = Field(None, description="The organization for which it was used.")
    subscription_id: str | None = Field(None, description="The subscription that covers it.")
    product_id: str = Field(description="What was used.")
    usage_amount: Decimal = Field(description="How much, in the product's own unit: requests, gigabytes, hours.")
    session_id: str | None = Field(None, description="The session in which it was used.")
    request_id: str | None = Field(None, description="The request that it was used for; counted once.")
    usage_details: dict[str, str] | None = Field(None, description="What else is known of it, by name.")


# Reader models: what product_service needs of the events of others, and no more. The fields that it leaves out may
# change without a word to us.


class PaymentCompletedEvent(Event, type="payment.completed"):
    """A payment succeeded."""

    subscription_id: str | None = Field(None, description="The subscription that was paid for, if it was one.")


class WalletInsufficientFundsEvent(Event, type="wallet.insufficient_funds"):
    """A customer has too little to pay something."""

    user_id: str = Field(description="The customer.")


class UserDeletedEvent(Event, type="user.deleted"):
    """A customer's account is gone."""

    user_id: str = Field(description="The customer.")
