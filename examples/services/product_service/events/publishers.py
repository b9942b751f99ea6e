"""What product_service publishes. Called inside a transaction, each publisher stores its event in the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from product_service import service
from product_service.events.models import (
    ProductUsageRecordedEvent,
    SubscriptionActivatedEvent,
    SubscriptionCanceledEvent,
    SubscriptionCreatedEvent,
    SubscriptionExpiredEvent,
    SubscriptionStatusChangedEvent,
)
from product_service.models import BillingCycle, PlanTier, Subscription, SubscriptionStatus, UsageRecord


class _About(TypedDict):
    subscription_id: str
    user_id: str
    organization_id: str | None
    plan_id: str
    plan_tier: PlanTier
    billing_cycle: BillingCycle
    current_period_start: datetime
    current_period_end: datetime


def _about(subscription: Subscription) -> _About:
    """Return what every event says of its subscription."""
    return {
        "subscription_id": subscription.subscription_id,
        "user_id": subscription.user_id,
        "organization_id": subscription.organization_id,
        "plan_id": subscription.plan_id,
        "plan_tier": subscription.plan_tier,
        "billing_cycle": subscription.billing_cycle,
        "current_period_start": subscription.current_period_start,
        "current_period_end": subscription.current_period_end,
    }


@service.publisher
async def publish_subscription_created(subscription: Subscription) -> SubscriptionCreatedEvent:
    """Tell that a customer wants to subscribe."""
    return SubscriptionCreatedEvent(**_about(subscription), status=subscription.status)


@service.publisher
async def publish_subscription_status_changed(
    subscription: Subscription, *, old_status: SubscriptionStatus, reason: str | None = None
) -> SubscriptionStatusChangedEvent:
    """Tell that a subscription has another status."""
    return SubscriptionStatusChangedEvent(
        **_about(subscription), old_status=old_status, new_status=subscription.status, reason=reason
    )


@service.publisher
async def publish_subscription_activated(subscription: Subscription) -> SubscriptionActivatedEvent:
    """Tell that a subscription was paid for."""
    return SubscriptionActivatedEvent(**_about(subscription))


@service.publisher
async def publish_subscription_canceled(subscription: Subscription, *, reason: str) -> SubscriptionCanceledEvent:
    """Tell that a subscription ended before its time."""
    return SubscriptionCanceledEvent(**_about(subscription), cancellation_reason=reason)


@service.publisher
async def publish_subscription_expired(subscription: Subscription) -> SubscriptionExpiredEvent:
    """Tell that the period that was paid for is over."""
    return SubscriptionExpiredEvent(**_about(subscription), expiration_date=subscription.current_period_end)


@service.publisher
async def publish_product_usage_recorded(record: UsageRecord) -> ProductUsageRecordedEvent:
    """Tell that a customer used something."""
    return ProductUsageRecordedEvent(
        usage_record_id=record.usage_record_id,
        user_id=record.user_id,
        organization_id=record.organization_id,
        subscription_id=record.subscription_id,
        product_id=record.product_id,
        usage_amount=record.usage_amount,
        session_id=record.session_id,
        request_id=record.request_id,
        usage_details=record.usage_details,
    )
