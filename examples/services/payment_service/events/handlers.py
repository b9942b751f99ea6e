"""What payment_service does when others tell of orders, wallets, usage and customers.

A handler reads its event and calls the business logic, which is idempotent: see `PaymentService`.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from eventkit import Bus, Retry, Worker
from eventkit.clients.errors import NotFoundError
from payment_service import service
from payment_service.events.models import (
    OrderCreatedEvent,
    SubscriptionUsageExceededEvent,
    UserDeletedEvent,
    UserUpgradedEvent,
    WalletBalanceChangedEvent,
    WalletInsufficientFundsEvent,
)
from payment_service.payment_service import PaymentService

# These ask other services, and are patient with them: about ten minutes, then the event becomes a dead letter.
PATIENT = Retry(attempts=15)


@service.handler(retry=PATIENT)
async def handle_order_created(event: OrderCreatedEvent, payments: PaymentService) -> None:
    """Take the payment for the order, and tell how it went."""
    await payments.pay_order(
        event.order_id,
        user_id=event.user_id,
        amount=event.total_amount,
        currency=event.currency,
        wallet_id=event.wallet_id,
        subscription_id=event.subscription_id,
        plan_id=event.items[0].product_id if event.subscription_id is not None else None,
    )


@service.handler(retry=PATIENT)
async def handle_wallet_balance_changed(event: WalletBalanceChangedEvent, payments: PaymentService) -> None:
    """Pay the customer's open invoices, if there is enough in the wallet now."""
    await payments.settle_invoices(event.user_id)


@service.handler
async def handle_wallet_insufficient_funds(event: WalletInsufficientFundsEvent, payments: PaymentService) -> None:
    """Mark the customer's subscriptions past due."""
    await payments.mark_past_due(event.user_id)


@service.handler(retry=PATIENT)
async def handle_subscription_usage_exceeded(event: SubscriptionUsageExceededEvent, payments: PaymentService) -> None:
    """Bill what was used beyond the plan."""
    await payments.bill_overage(
        event.subscription_id, user_id=event.user_id, amount=event.overage_amount, currency=event.currency
    )


@service.handler(retry=PATIENT)
async def handle_user_deleted(event: UserDeletedEvent, payments: PaymentService) -> None:
    """Cancel the customer's subscriptions, and forget who made the payments."""
    await payments.forget_user(event.user_id)


@service.handler(retry=Retry(attempts=15, give_up_on=(NotFoundError,)))
async def handle_user_upgraded(event: UserUpgradedEvent, payments: PaymentService) -> None:
    """Bill the customer's subscriptions by the new plan; one that does not exist is a dead letter at once."""
    await payments.change_plan(event.user_id, event.plan_id)


def register_event_handlers(bus: Bus, payments: PaymentService) -> AbstractAsyncContextManager[Worker]:
    """Publish to `bus` and handle its events, for as long as the returned block runs.

    Args:
        bus: An open bus.
        payments: The business logic that the handlers call.
    """
    return service.run(bus, payments)
