"""What order_service publishes. Called inside a transaction, each publisher stores its event in the outbox."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypedDict

from order_service import service
from order_service.events.models import (
    OrderCanceledEvent,
    OrderCompletedEvent,
    OrderCreatedEvent,
    OrderedItem,
    OrderExpiredEvent,
    OrderFulfilledEvent,
    OrderPaymentPendingEvent,
    OrderRefundedEvent,
    OrderUpdatedEvent,
)
from order_service.models import Currency, Order, OrderStatus, OrderType


class _About(TypedDict):
    order_id: str
    user_id: str
    order_type: OrderType
    total_amount: Decimal
    currency: Currency
    payment_intent_id: str | None
    subscription_id: str | None
    wallet_id: str | None


def _about(order: Order) -> _About:
    """Return what every event says of its order."""
    return {
        "order_id": order.order_id,
        "user_id": order.user_id,
        "order_type": order.order_type,
        "total_amount": order.total_amount,
        "currency": order.currency,
        "payment_intent_id": order.payment_intent_id,
        "subscription_id": order.subscription_id,
        "wallet_id": order.wallet_id,
    }


@service.publisher
async def publish_order_created(order: Order) -> OrderCreatedEvent:
    """Tell that an order was placed."""
    items = [
        OrderedItem(product_id=item.product_id, quantity=item.quantity, unit_price=item.unit_price)
        for item in order.items
    ]
    return OrderCreatedEvent(**_about(order), items=items)


@service.publisher
async def publish_order_updated(order: Order, *, old_status: OrderStatus) -> OrderUpdatedEvent:
    """Tell that an order's status changed in a way that has no event of its own."""
    return OrderUpdatedEvent(**_about(order), changed_fields=["status"], old_status=old_status, new_status=order.status)


@service.publisher
async def publish_order_payment_pending(order: Order) -> OrderPaymentPendingEvent:
    """Tell that an order still waits for its payment."""
    return OrderPaymentPendingEvent(**_about(order), expires_at=order.expires_at)


@service.publisher
async def publish_order_completed(
    order: Order, *, transaction_id: str | None = None, credits_added: Decimal | None = None
) -> OrderCompletedEvent:
    """Tell that an order is paid, and a top-up is in the wallet."""
    return OrderCompletedEvent(
        **_about(order), payment_id=order.payment_id, transaction_id=transaction_id, credits_added=credits_added
    )


@service.publisher
async def publish_order_fulfilled(
    order: Order, *, fulfilled_at: datetime, details: dict[str, str]
) -> OrderFulfilledEvent:
    """Tell that the customer has what was ordered."""
    return OrderFulfilledEvent(**_about(order), fulfilled_at=fulfilled_at, details=details)


@service.publisher
async def publish_order_canceled(
    order: Order, *, reason: str, refund_amount: Decimal | None = None
) -> OrderCanceledEvent:
    """Tell that an order was canceled, and what will be paid back."""
    return OrderCanceledEvent(**_about(order), cancellation_reason=reason, refund_amount=refund_amount)


@service.publisher
async def publish_order_expired(order: Order, *, expired_at: datetime) -> OrderExpiredEvent:
    """Tell that an order was not paid in time."""
    return OrderExpiredEvent(**_about(order), expired_at=expired_at)


@service.publisher
async def publish_order_refunded(
    order: Order, *, refund_id: str, refund_amount: Decimal, refund_reason: str
) -> OrderRefundedEvent:
    """Tell that the money for an order was paid back."""
    return OrderRefundedEvent(
        **_about(order), refund_id=refund_id, refund_amount=refund_amount, refund_reason=refund_reason
    )
