"""What order_service does when others tell of payments, credits, subscriptions and customers.

A handler reads its event and calls the business logic, which is idempotent: see `OrderService`.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from eventkit import Bus, Retry, Worker
from order_service import service
from order_service.events.models import (
    PaymentCompletedEvent,
    PaymentFailedEvent,
    PaymentRefundedEvent,
    SubscriptionCanceledEvent,
    SubscriptionCreatedEvent,
    UserDeletedEvent,
    WalletCreditsAddedEvent,
)
from order_service.order_service import OrderNotFoundError, OrderService

# An order is stored before anybody hears of it: one that is not there now will never be.
ORDER_RETRY = Retry(attempts=8, give_up_on=(OrderNotFoundError,))


@service.handler(retry=ORDER_RETRY)
async def handle_payment_completed(event: PaymentCompletedEvent, orders: OrderService) -> None:
    """Complete the order that was paid."""
    if event.order_id is not None:
        await orders.record_payment(
            event.order_id, payment_intent_id=event.payment_intent_id, payment_id=event.payment_id
        )


@service.handler(retry=ORDER_RETRY)
async def handle_payment_failed(event: PaymentFailedEvent, orders: OrderService) -> None:
    """Fail the order whose payment was declined."""
    if event.order_id is not None:
        await orders.record_failed_payment(
            event.order_id, payment_intent_id=event.payment_intent_id, failure=event.error_message
        )


@service.handler(retry=ORDER_RETRY)
async def handle_payment_refunded(event: PaymentRefundedEvent, orders: OrderService) -> None:
    """Close the order whose money was paid back."""
    if event.order_id is not None:
        await orders.record_refund(event.order_id, refund_id=event.refund_id, amount=event.amount, reason=event.reason)


@service.handler(retry=ORDER_RETRY)
async def handle_wallet_credits_added(event: WalletCreditsAddedEvent, orders: OrderService) -> None:
    """Complete the top-up order that the credits come from."""
    if event.order_id is not None:
        await orders.record_credits(
            event.order_id, transaction_id=event.transaction_id, credits_added=event.credits_added
        )


@service.handler
async def handle_subscription_created(event: SubscriptionCreatedEvent, orders: OrderService) -> None:
    """Tell that the order for the subscription is fulfilled."""
    await orders.fulfil_subscription_order(
        event.subscription_id, plan_id=event.plan_id, paid_until=event.current_period_end
    )


@service.handler
async def handle_subscription_canceled(event: SubscriptionCanceledEvent, orders: OrderService) -> None:
    """Cancel the open orders for a subscription that is no more."""
    await orders.cancel_orders_of_subscription(event.subscription_id)


@service.handler
async def handle_user_deleted(event: UserDeletedEvent, orders: OrderService) -> None:
    """Cancel the open orders of a customer who is gone."""
    await orders.cancel_orders_of_user(event.user_id)


def register_event_handlers(bus: Bus, orders: OrderService) -> AbstractAsyncContextManager[Worker]:
    """Publish to `bus` and handle its events, for as long as the returned block runs.

    Args:
        bus: An open bus.
        orders: The business logic that the handlers call.
    """
    return service.run(bus, orders)
