"""What product_service does when others tell of payments, wallets and customers.

A handler reads its event and calls the business logic, which is idempotent: see `ProductService`.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from eventkit import Bus, Retry, Worker
from product_service import service
from product_service.events.models import (
    PaymentCompletedEvent,
    UserDeletedEvent,
    WalletInsufficientFundsEvent,
)
from product_service.product_service import ProductService, SubscriptionNotFoundError


# A subscription is stored before it can be paid: one that is not there now will never be.
@service.handler(retry=Retry(attempts=8, give_up_on=(SubscriptionNotFoundError,)))
async def handle_payment_completed(event: PaymentCompletedEvent, products: ProductService) -> None:
    """Activate the subscription that was paid for."""
    if event.subscription_id is not None:
        await products.activate(event.subscription_id)


@service.handler
async def handle_wallet_insufficient_funds(event: WalletInsufficientFundsEvent, products: ProductService) -> None:
    """Mark the customer's subscriptions past due."""
    await products.mark_past_due(event.user_id)


@service.handler
async def handle_user_deleted(event: UserDeletedEvent, products: ProductService) -> None:
    """Cancel the customer's subscriptions."""
    await products.cancel_subscriptions_of(event.user_id)


def register_event_handlers(bus: Bus, products: ProductService) -> AbstractAsyncContextManager[Worker]:
    """Publish to `bus` and handle its events, for as long as the returned block runs.

    Args:
        bus: An open bus.
        products: The business logic that the handlers call.
    """
    return service.run(bus, products)
