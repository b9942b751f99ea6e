"""What payment_service publishes. Called inside a transaction, each publisher stores its event in the outbox."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from payment_service import service
from payment_service.events.models import (
    InvoiceCreatedEvent,
    InvoicePaidEvent,
    PaymentCompletedEvent,
    PaymentFailedEvent,
    PaymentIntentCreatedEvent,
    PaymentRefundedEvent,
    SubscriptionCanceledEvent,
    SubscriptionCreatedEvent,
    SubscriptionExpiredEvent,
    SubscriptionUpdatedEvent,
)
from payment_service.models import (
    Currency,
    Invoice,
    PaymentIntent,
    PaymentMethod,
    Subscription,
    SubscriptionStatus,
)


class _AboutPayment(TypedDict):
    payment_intent_id: str
    order_id: str
    subscription_id: str | None
    user_id: str
    amount: Decimal
    currency: Currency
    payment_method: PaymentMethod | None


def _about_payment(intent: PaymentIntent) -> _AboutPayment:
    return {
        "payment_intent_id": intent.payment_intent_id,
        "order_id": intent.order_id,
        "subscription_id": intent.subscription_id,
        "user_id": intent.user_id,
        "amount": intent.amount,
        "currency": intent.currency,
        "payment_method": intent.payment_method,
    }


@service.publisher
async def publish_payment_intent_created(intent: PaymentIntent) -> PaymentIntentCreatedEvent:
    """Tell that a payment is about to be charged."""
    return PaymentIntentCreatedEvent(**_about_payment(intent))


@service.publisher
async def publish_payment_completed(intent: PaymentIntent, *, payment_id: str) -> PaymentCompletedEvent:
    """Tell that a payment was charged."""
    return PaymentCompletedEvent(**_about_payment(intent), payment_id=payment_id)


@service.publisher
async def publish_payment_failed(intent: PaymentIntent, *, error_code: str, error_message: str) -> PaymentFailedEvent:
    """Tell that a payment was declined."""
    return PaymentFailedEvent(**_about_payment(intent), error_code=error_code, error_message=error_message)


@service.publisher
async def publish_payment_refunded(
    intent: PaymentIntent, *, payment_id: str, refund_id: str, reason: str
) -> PaymentRefundedEvent:
    """Tell that a payment was paid back."""
    return PaymentRefundedEvent(**_about_payment(intent), payment_id=payment_id, refund_id=refund_id, reason=reason)


class _AboutSubscription(TypedDict):
    subscription_id: str
    user_id: str
    plan_id: str
    status: SubscriptionStatus
    current_period_start: datetime
    current_period_end: datetime
    trial_end: datetime | None


def _about_subscription(subscription: Subscription) -> _AboutSubscription:
    return {
        "subscription_id": subscription.subscription_id,
        "user_id": subscription.user_id,
        "plan_id": subscription.plan_id,
        "status": subscription.status,
        "current_period_start": subscription.current_period_start,
        "current_period_end": subscription.current_period_end,
        "trial_end": subscription.trial_end,
    }


@service.publisher
async def publish_subscription_created(subscription: Subscription) -> SubscriptionCreatedEvent:
    """Tell that a subscription was paid for."""
    return SubscriptionCreatedEvent(**_about_subscription(subscription))


@service.publisher
async def publish_subscription_updated(subscription: Subscription) -> SubscriptionUpdatedEvent:
    """Tell that a subscription has another plan or status."""
    return SubscriptionUpdatedEvent(**_about_subscription(subscription))


@service.publisher
async def publish_subscription_canceled(subscription: Subscription) -> SubscriptionCanceledEvent:
    """Tell that a subscription ended before its time."""
    return SubscriptionCanceledEvent(**_about_subscription(subscription))


@service.publisher
async def publish_subscription_expired(subscription: Subscription) -> SubscriptionExpiredEvent:
    """Tell that the time that was paid for is over."""
    return SubscriptionExpiredEvent(**_about_subscription(subscription))


@service.publisher
async def publish_invoice_created(invoice: Invoice) -> InvoiceCreatedEvent:
    """Tell that a customer owes money."""
    return InvoiceCreatedEvent(
        invoice_id=invoice.invoice_id,
        user_id=invoice.user_id,
        subscription_id=invoice.subscription_id,
        currency=invoice.currency,
        amount_due=invoice.amount_due,
        due_date=invoice.due_date,
    )


@service.publisher
async def publish_invoice_paid(invoice: Invoice, *, paid_at: datetime) -> InvoicePaidEvent:
    """Tell that an invoice was paid."""
    return InvoicePaidEvent(
        invoice_id=invoice.invoice_id,
        user_id=invoice.user_id,
        subscription_id=invoice.subscription_id,
        currency=invoice.currency,
        amount_paid=invoice.amount_due,
        paid_at=paid_at,
    )
