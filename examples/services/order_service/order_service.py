"""`OrderService`: what can be done with an order.

Every method that changes orders is one transaction, which holds the change, the events that tell of it (in the outbox),
and, where it is the effect of an event, the record that this event was handled (in the inbox). A process that dies
leaves all of it or nothing. No other service is called while a transaction is open.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from eventkit import ClientError
from order_service.clients import (
    AccountClient,
    BillingClient,
    NotificationClient,
    PaymentClient,
    StorageClient,
    WalletClient,
)
from order_service.clients.notification_client import Notification
from order_service.clients.storage_client import Receipt
from order_service.events.publishers import (
    publish_order_canceled,
    publish_order_completed,
    publish_order_created,
    publish_order_expired,
    publish_order_fulfilled,
    publish_order_payment_pending,
    publish_order_refunded,
    publish_order_updated,
)
from order_service.models import Order, OrderItem, OrderRequest, OrderStatus, OrderType, new_id, utc_now
from order_service.repository import OrderRepository, Orders

log = logging.getLogger(__name__)


class OrderError(Exception):
    """The base of what can be wrong with a request. The message is for the customer."""


class OrderNotFoundError(OrderError):
    """There is no such order."""


class OrderRefusedError(OrderError):
    """This customer cannot place this order."""


class InsufficientFundsError(OrderError):
    """The customer cannot pay for the order."""


class OrderNotCancelableError(OrderError):
    """The order is in a state in which it cannot be canceled."""


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """How long an order waits for its payment.

    Args:
        remind_after: From the order to the reminder.
        expire_after: From the order to its end.
    """

    remind_after: timedelta = timedelta(minutes=15)
    expire_after: timedelta = timedelta(minutes=30)


class OrderService:
    """Takes orders, waits for their payment, and completes, cancels, expires or refunds them.

    Args:
        repository: Where orders are kept.
        accounts: Knows the customers.
        wallets: Knows what a customer can spend.
        billing: Knows who has unpaid bills.
        payments: Pays back.
        storage: Keeps receipts.
        notifications: Knows what customers were told.
        terms: How long an order waits for its payment.
        clock: Tells the time, with its zone.
    """

    def __init__(
        self,
        repository: OrderRepository,
        *,
        accounts: AccountClient,
        wallets: WalletClient,
        billing: BillingClient,
        payments: PaymentClient,
        storage: StorageClient,
        notifications: NotificationClient,
        terms: PaymentTerms = PaymentTerms(),
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._accounts = accounts
        self._wallets = wallets
        self._billing = billing
        self._payments = payments
        self._storage = storage
        self._notifications = notifications
        self._terms = terms
        self._clock = clock

    # What customers ask for.

    async def place_order(self, request: OrderRequest) -> Order:
        """Take an order, or return the one that was made for the same request before.

        Raises:
            OrderRefusedError: The customer is unknown, gone, or has unpaid bills; or the wallet is somebody else's.
            InsufficientFundsError: The order costs more than the customer can spend.
            ClientError: A service that must be asked gives no answer.
        """
        await self._check_customer(request)
        now = self._clock()
        order = Order(
            order_id=new_id("ord"),
            request_id=request.request_id,
            user_id=request.user_id,
            order_type=request.order_type,
            total_amount=request.total_amount,
            currency=request.currency,
            wallet_id=request.wallet_id,
            subscription_id=request.subscription_id,
            created_at=now,
            expires_at=now + self._terms.expire_after,
            items=[OrderItem(position=position, **item.model_dump()) for position, item in enumerate(request.items)],
        )
        async with self._repository.transaction() as orders:
            if request.request_id is not None:
                earlier = await orders.of_request(request.user_id, request.request_id)
                if earlier is not None:
                    return earlier
            orders.add(order)
            await publish_order_created(order)
        return order

    async def _check_customer(self, request: OrderRequest) -> None:
        if not await self._accounts.validate_user(request.user_id):
            raise OrderRefusedError(f"user {request.user_id} cannot place orders")
        if await self._billing.has_overdue_invoices(request.user_id):
            raise OrderRefusedError(f"user {request.user_id} has unpaid bills")
        balance = await self._wallets.get_balance(request.user_id, request.currency)
        if request.wallet_id not in (None, balance.wallet_id):
            raise OrderRefusedError(f"wallet {request.wallet_id} is not that of user {request.user_id}")
        # A top-up is how one gets something to spend.
        if request.order_type is not OrderType.TOP_UP and balance.available < request.total_amount:
            raise InsufficientFundsError(
                f"the order costs {request.total_amount} {request.currency}, "
                f"and user {request.user_id} can spend {balance.available}"
            )

    async def get_order(self, order_id: str) -> Order:
        """Return one order.

        Raises:
            OrderNotFoundError: There is no such order.
        """
        async with self._repository.reading() as orders:
            return await _existing(orders, order_id)

    async def get_receipt(self, order_id: str) -> Receipt:
        """Return where the receipt of an order can be fetched.

        Raises:
            OrderNotFoundError: There is no such order.
            ClientError: storage_service gives no answer.
        """
        order = await self.get_order(order_id)
        return await self._storage.get_receipt(order.order_id)

    async def list_notifications(self, order_id: str) -> list[Notification]:
        """Return what the customer was told about an order.

        Raises:
            OrderNotFoundError: There is no such order.
            ClientError: notification_service gives no answer.
        """
        order = await self.get_order(order_id)
        return await self._notifications.list_notifications(order.order_id)

    async def cancel_order(self, order_id: str, reason: str) -> Order:
        """Cancel an order; the money for a paid one is paid back soon after.

        Canceling twice changes nothing.

        Raises:
            OrderNotFoundError: There is no such order.
            OrderNotCancelableError: The order ended otherwise, or its credits are in the wallet and may be spent.
        """
        async with self._repository.transaction() as orders:
            order = await _existing(orders, order_id)
            if order.is_open:
                await _cancel(order, reason)
            elif order.status is OrderStatus.COMPLETED and order.order_type is not OrderType.TOP_UP:
                order.refund_due = True
                await _cancel(order, reason, refund_amount=order.total_amount)
            elif order.status not in (OrderStatus.CANCELED, OrderStatus.REFUNDED):
                raise OrderNotCancelableError(f"order {order_id} is {order.status}, {order.order_type}")
            return order

    # What follows from events. The inbox makes each of these happen once.

    async def record_payment(self, order_id: str, *, payment_intent_id: str, payment_id: str) -> None:
        """Complete the order that was paid; a top-up waits for its credits, and a payment that came too late goes back.

        Raises:
            OrderNotFoundError: There is no such order.
        """
        async with self._repository.transaction() as orders:
            if not await orders.first_time():
                return
            order = await _existing(orders, order_id)
            order.payment_intent_id, order.payment_id = payment_intent_id, payment_id
            if order.order_type is OrderType.TOP_UP:
                if order.status is not OrderStatus.COMPLETED:  # the credits may come first
                    await _move(order, OrderStatus.PAID)
            elif order.is_open:
                order.status = OrderStatus.COMPLETED
                await publish_order_completed(order)
            else:
                order.refund_due = True

    async def record_failed_payment(self, order_id: str, *, payment_intent_id: str, failure: str) -> None:
        """Fail the order whose payment was declined.

        Raises:
            OrderNotFoundError: There is no such order.
        """
        async with self._repository.transaction() as orders:
            if not await orders.first_time():
                return
            order = await _existing(orders, order_id)
            if order.is_open:
                order.payment_intent_id, order.failure = payment_intent_id, failure
                await _move(order, OrderStatus.FAILED)

    async def record_refund(self, order_id: str, *, refund_id: str, amount: Decimal, reason: str) -> None:
        """Close the order whose money was paid back.

        Raises:
            OrderNotFoundError: There is no such order.
        """
        async with self._repository.transaction() as orders:
            if not await orders.first_time():
                return
            order = await _existing(orders, order_id)
            order.status, order.refund_due = OrderStatus.REFUNDED, False
            await publish_order_refunded(order, refund_id=refund_id, refund_amount=amount, refund_reason=reason)

    async def record_credits(self, order_id: str, *, transaction_id: str, credits_added: Decimal) -> None:
        """Complete the top-up order whose credits are in the wallet, even if it had been given up.

        Raises:
            OrderNotFoundError: There is no such order.
        """
        async with self._repository.transaction() as orders:
            if not await orders.first_time():
                return
            order = await _existing(orders, order_id)
            if order.order_type is OrderType.TOP_UP and order.status is not OrderStatus.COMPLETED:
                order.status = OrderStatus.COMPLETED
                await publish_order_completed(order, transaction_id=transaction_id, credits_added=credits_added)

    async def fulfil_subscription_order(self, subscription_id: str, *, plan_id: str, paid_until: datetime) -> None:
        """Tell that the order for a subscription that runs now is fulfilled."""
        async with self._repository.transaction() as orders:
            if not await orders.first_time():
                return
            # The payment's own event may come later: an order that is still open is the one.
            for order in await orders.of_subscription(subscription_id):
                if (order.is_open or order.status is OrderStatus.COMPLETED) and order.fulfilled_at is None:
                    order.fulfilled_at = self._clock()
                    details = {
                        "subscription_id": subscription_id,
                        "plan_id": plan_id,
                        "paid_until": paid_until.isoformat(),
                    }
                    await publish_order_fulfilled(order, fulfilled_at=order.fulfilled_at, details=details)
                    return

    async def cancel_orders_of_subscription(self, subscription_id: str) -> None:
        """Cancel the open orders for a subscription that is no more."""
        async with self._repository.transaction() as orders:
            if await orders.first_time():
                await _cancel_open(await orders.of_subscription(subscription_id), "the subscription was canceled")

    async def cancel_orders_of_user(self, user_id: str) -> None:
        """Cancel the open orders of a customer who is gone."""
        async with self._repository.transaction() as orders:
            if await orders.first_time():
                await _cancel_open(await orders.open_of_user(user_id), "the user was deleted")

    # What time brings. Called again and again while the service runs.

    async def follow_up(self) -> None:
        """Remind of unpaid orders, let them expire, and ask for the refunds that are due."""
        await self._expire_and_remind()
        await self._ask_for_refunds()

    async def _expire_and_remind(self) -> None:
        now = self._clock()
        async with self._repository.transaction() as orders:
            for order in await orders.overdue(now):
                order.status = OrderStatus.EXPIRED
                await publish_order_expired(order, expired_at=now)
            for order in await orders.to_remind(now - self._terms.remind_after):
                order.status = OrderStatus.PAYMENT_PENDING
                await publish_order_payment_pending(order)

    async def _ask_for_refunds(self) -> None:
        """Ask payment_service to pay back; it may be asked twice, and `payment.refunded` tells when it is done."""
        async with self._repository.reading() as orders:
            due = await orders.to_refund()
        for order in due:
            try:
                if order.payment_intent_id is not None:
                    await self._payments.refund(order.payment_intent_id, reason=f"the order is {order.status}")
            except ClientError as error:
                log.warning("the refund for %s will be asked for again: %s", order.order_id, error)


async def _existing(orders: Orders, order_id: str) -> Order:
    order = await orders.get(order_id)
    if order is None:
        raise OrderNotFoundError(f"there is no order {order_id}")
    return order


async def _move(order: Order, status: OrderStatus) -> None:
    old_status, order.status = order.status, status
    await publish_order_updated(order, old_status=old_status)


async def _cancel(order: Order, reason: str, refund_amount: Decimal | None = None) -> None:
    order.status = OrderStatus.CANCELED
    await publish_order_canceled(order, reason=reason, refund_amount=refund_amount)


async def _cancel_open(orders: Iterable[Order], reason: str) -> None:
    for order in orders:
        if order.is_open:
            await _cancel(order, reason)
