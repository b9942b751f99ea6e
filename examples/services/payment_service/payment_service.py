"""`PaymentService`: takes payments, pays back, and bills subscriptions.

Every method that changes something is one transaction, which holds the change, the events that tell of it (in the
outbox), and, where it is the effect of an event, the record that this event was handled (in the inbox). No other
service is called while a transaction is open.

What moves money takes two transactions with a call between them: first it is written down what is going to happen, then
the gateway or the wallet is called under a name of our own, then the outcome is written down. When a process dies in
between, the event comes again, what was written down is found, and the call is made again under the same name: the
money moves once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from eventkit.clients.errors import NotFoundError
from payment_service.clients import AccountClient, BillingClient, ProductClient, WalletClient
from payment_service.events.publishers import (
    publish_invoice_created,
    publish_invoice_paid,
    publish_payment_completed,
    publish_payment_failed,
    publish_payment_intent_created,
    publish_payment_refunded,
    publish_subscription_canceled,
    publish_subscription_created,
    publish_subscription_expired,
    publish_subscription_updated,
)
from payment_service.gateway import Charged, Declined, PaymentGateway
from payment_service.models import (
    Currency,
    Invoice,
    InvoiceStatus,
    PaymentIntent,
    PaymentStatus,
    Subscription,
    SubscriptionStatus,
    new_id,
    utc_now,
)
from payment_service.repository import PaymentRepository, Payments

TIME_TO_PAY = timedelta(days=14)


class PaymentError(Exception):
    """The base of what can be wrong with a request. The message is for the caller."""


class PaymentNotFoundError(PaymentError):
    """There is no such payment, subscription or invoice."""


class PaymentNotRefundableError(PaymentError):
    """The payment was not charged, or has bought credits that may be spent."""


class PaymentInProgressError(PaymentError):
    """A payment of the customer has no outcome yet; it has one soon."""


class PaymentService:
    """Takes payments, pays back, and bills subscriptions.

    Args:
        repository: Where payments, subscriptions and invoices are kept.
        gateway: Moves the money.
        accounts: Knows the customers.
        wallets: Keeps the customers' credits.
        billing: Knows how customers pay.
        products: Knows the plans.
        clock: Tells the time, with its zone.
    """

    def __init__(
        self,
        repository: PaymentRepository,
        gateway: PaymentGateway,
        *,
        accounts: AccountClient,
        wallets: WalletClient,
        billing: BillingClient,
        products: ProductClient,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._gateway = gateway
        self._accounts = accounts
        self._wallets = wallets
        self._billing = billing
        self._products = products
        self._clock = clock

    # Payments of orders.

    async def pay_order(
        self,
        order_id: str,
        *,
        user_id: str,
        amount: Decimal,
        currency: Currency,
        wallet_id: str | None = None,
        subscription_id: str | None = None,
        plan_id: str | None = None,
    ) -> None:
        """Take the payment for an order, and tell how it went.

        Args:
            order_id: The order.
            user_id: The customer.
            amount: What is to be paid, in units of `currency`.
            currency: The currency.
            wallet_id: The wallet that gets the amount as credits, of a top-up order.
            subscription_id: The subscription that is paid for, of a subscription order.
            plan_id: Its plan.

        Raises:
            ClientError: A service that must be asked gives no answer.
        """
        async with self._repository.reading() as payments:
            intent = await payments.intent_of_order(order_id)
        if intent is None:
            intent = PaymentIntent(
                payment_intent_id=new_id("pi"),
                order_id=order_id,
                user_id=user_id,
                amount=amount,
                currency=currency,
                wallet_id=wallet_id,
                subscription_id=subscription_id,
                plan_id=plan_id,
                created_at=self._clock(),
            )
            intent = await self._begin(intent, await self._refusal(intent))
        if intent.status is PaymentStatus.PENDING:
            outcome = await self._gateway.charge(intent)
            if isinstance(outcome, Charged) and intent.wallet_id is not None:
                await self._wallets.add_credits(
                    intent.wallet_id,
                    intent.payment_intent_id,
                    amount=intent.amount,
                    currency=intent.currency,
                    order_id=intent.order_id,
                )
            await self._record_outcome(intent.payment_intent_id, outcome)

    async def _refusal(self, intent: PaymentIntent) -> Declined | None:
        """Find out how the intent is paid and what it buys; return why it cannot be paid, if it cannot."""
        if not await self._accounts.validate_user(intent.user_id):
            return Declined("user_inactive", "The account is not in use.")
        try:
            intent.payment_method = await self._billing.get_payment_method(intent.user_id)
        except NotFoundError:
            return Declined("no_payment_method", "The account has no way to pay.")
        if intent.plan_id is not None:
            try:
                plan = await self._products.get_plan(intent.plan_id)
            except NotFoundError:
                return Declined("unknown_plan", f"There is no plan {intent.plan_id}.")
            intent.plan_days, intent.trial_days = plan.period_days, plan.trial_days
        return None

    async def _begin(self, intent: PaymentIntent, refusal: Declined | None) -> PaymentIntent:
        """Write the intent down; return it, or the one that another instance wrote down for the same event."""
        async with self._repository.transaction() as payments:
            if not await payments.first_time():
                return await _existing_intent_of(payments, intent.order_id)
            payments.add(intent)
            await publish_payment_intent_created(intent)
            if refusal is not None:
                await _fail(intent, refusal)
            return intent

    async def _record_outcome(self, payment_intent_id: str, outcome: Charged | Declined) -> None:
        async with self._repository.transaction() as payments:
            intent = await _existing_intent(payments, payment_intent_id)
            if intent.status is not PaymentStatus.PENDING:
                return
            if isinstance(outcome, Declined):
                await _fail(intent, outcome)
                return
            intent.status, intent.payment_id = PaymentStatus.COMPLETED, outcome.payment_id
            await publish_payment_completed(intent, payment_id=outcome.payment_id)
            await self._start_or_extend_subscription(payments, intent)

    async def _start_or_extend_subscription(self, payments: Payments, intent: PaymentIntent) -> None:
        if intent.subscription_id is None or intent.plan_id is None or intent.plan_days is None:
            return
        period = timedelta(days=intent.plan_days)
        subscription = await payments.subscription(intent.subscription_id)
        if subscription is not None:
            subscription.current_period_end += period
            subscription.status = SubscriptionStatus.ACTIVE
            await publish_subscription_updated(subscription)
            return
        start = self._clock()
        trial_end = start + timedelta(days=intent.trial_days) if intent.trial_days else None
        subscription = Subscription(
            subscription_id=intent.subscription_id,
            user_id=intent.user_id,
            plan_id=intent.plan_id,
            current_period_start=start,
            current_period_end=(trial_end or start) + period,
            trial_end=trial_end,
        )
        payments.add(subscription)
        await publish_subscription_created(subscription)

    async def get_payment(self, payment_intent_id: str) -> PaymentIntent:
        """Return one payment.

        Raises:
            PaymentNotFoundError: There is no such payment.
        """
        async with self._repository.reading() as payments:
            return await _existing_intent(payments, payment_intent_id)

    async def refund(self, payment_intent_id: str, reason: str) -> PaymentIntent:
        """Pay back a payment in full; a subscription that it paid for ends. Refunding twice changes nothing.

        Raises:
            PaymentNotFoundError: There is no such payment.
            PaymentNotRefundableError: It was not charged, or has bought credits that may be spent.
        """
        intent = await self.get_payment(payment_intent_id)
        if intent.status is PaymentStatus.REFUNDED:
            return intent
        if intent.status is not PaymentStatus.COMPLETED or intent.wallet_id is not None:
            raise PaymentNotRefundableError(f"payment {payment_intent_id} is {intent.status}, or has bought credits")
        refund_id = await self._gateway.refund(intent)
        async with self._repository.transaction() as payments:
            intent = await _existing_intent(payments, payment_intent_id)
            if intent.status is PaymentStatus.COMPLETED and intent.payment_id is not None:
                intent.status, intent.refund_id = PaymentStatus.REFUNDED, refund_id
                await publish_payment_refunded(intent, payment_id=intent.payment_id, refund_id=refund_id, reason=reason)
                await _end_subscription(payments, intent.subscription_id)
            return intent

    # Subscriptions.

    async def get_subscription(self, subscription_id: str) -> Subscription:
        """Return one subscription.

        Raises:
            PaymentNotFoundError: There is no such subscription.
        """
        async with self._repository.reading() as payments:
            subscription = await payments.subscription(subscription_id)
        if subscription is None:
            raise PaymentNotFoundError(f"there is no subscription {subscription_id}")
        return subscription

    async def mark_past_due(self, user_id: str) -> None:
        """Mark the paid subscriptions of a customer as no longer paid."""
        async with self._repository.transaction() as payments:
            if not await payments.first_time():
                return
            for subscription in await payments.running_subscriptions(user_id):
                if subscription.status is SubscriptionStatus.ACTIVE:
                    subscription.status = SubscriptionStatus.PAST_DUE
                    await publish_subscription_updated(subscription)

    async def change_plan(self, user_id: str, plan_id: str) -> None:
        """Bill the running subscriptions of a customer by another plan.

        Raises:
            NotFoundError: There is no such plan.
            ClientError: product_service gives no answer.
        """
        plan = await self._products.get_plan(plan_id)
        async with self._repository.transaction() as payments:
            if not await payments.first_time():
                return
            for subscription in await payments.running_subscriptions(user_id):
                subscription.plan_id = plan.plan_id
                await publish_subscription_updated(subscription)

    async def expire_subscriptions(self) -> None:
        """End the subscriptions whose paid time is over. Called again and again while the service runs."""
        async with self._repository.transaction() as payments:
            for subscription in await payments.subscriptions_over_at(self._clock()):
                subscription.status = SubscriptionStatus.EXPIRED
                await publish_subscription_expired(subscription)

    # Invoices.

    async def get_invoice(self, invoice_id: str) -> Invoice:
        """Return one invoice.

        Raises:
            PaymentNotFoundError: There is no such invoice.
        """
        async with self._repository.reading() as payments:
            return await _existing_invoice(payments, invoice_id)

    async def bill_overage(self, subscription_id: str, *, user_id: str, amount: Decimal, currency: Currency) -> None:
        """Bill what a customer used beyond the plan, and take it from the wallet if there is enough in it.

        Raises:
            ClientError: wallet_service gives no answer.
        """
        now = self._clock()
        invoice = Invoice(
            invoice_id=new_id("inv"),
            user_id=user_id,
            subscription_id=subscription_id,
            amount_due=amount,
            currency=currency,
            due_date=now + TIME_TO_PAY,
            created_at=now,
        )
        async with self._repository.transaction() as payments:
            if await payments.first_time():
                payments.add(invoice)
                await publish_invoice_created(invoice)
        await self.settle_invoices(user_id)

    async def settle_invoices(self, user_id: str) -> None:
        """Take what a customer owes from the wallet, the oldest invoice first, as far as the balance goes.

        Raises:
            ClientError: wallet_service gives no answer.
        """
        async with self._repository.reading() as payments:
            invoices = await payments.open_invoices(user_id)
        for invoice in invoices:
            balance = await self._wallets.get_balance(user_id, invoice.currency)
            if balance.available < invoice.amount_due:
                return
            await self._wallets.deduct(
                user_id, invoice.invoice_id, amount=invoice.amount_due, currency=invoice.currency
            )
            await self._record_paid_invoice(invoice.invoice_id)

    async def _record_paid_invoice(self, invoice_id: str) -> None:
        async with self._repository.transaction() as payments:
            invoice = await _existing_invoice(payments, invoice_id)
            if invoice.status is not InvoiceStatus.PAID:
                invoice.status, invoice.paid_at = InvoiceStatus.PAID, self._clock()
                await publish_invoice_paid(invoice, paid_at=invoice.paid_at)

    # Customers who leave.

    async def forget_user(self, user_id: str) -> None:
        """End a customer's subscriptions, give up what is owed, and forget who made the payments.

        Raises:
            PaymentInProgressError: A payment of the customer has no outcome yet: try again later.
        """
        async with self._repository.transaction() as payments:
            if not await payments.first_time():
                return
            if await payments.is_being_charged(user_id):
                raise PaymentInProgressError(f"a payment of user {user_id} is being made")
            for subscription in await payments.running_subscriptions(user_id):
                await _end_subscription(payments, subscription.subscription_id)
            for invoice in await payments.open_invoices(user_id):
                invoice.status = InvoiceStatus.VOID
            await payments.anonymise(user_id, pseudonym=new_id("former"))


async def _existing_intent(payments: Payments, payment_intent_id: str) -> PaymentIntent:
    intent = await payments.intent(payment_intent_id)
    if intent is None:
        raise PaymentNotFoundError(f"there is no payment {payment_intent_id}")
    return intent


async def _existing_intent_of(payments: Payments, order_id: str) -> PaymentIntent:
    intent = await payments.intent_of_order(order_id)
    if intent is None:
        raise PaymentNotFoundError(f"there is no payment for order {order_id}")
    return intent


async def _existing_invoice(payments: Payments, invoice_id: str) -> Invoice:
    invoice = await payments.invoice(invoice_id)
    if invoice is None:
        raise PaymentNotFoundError(f"there is no invoice {invoice_id}")
    return invoice


async def _fail(intent: PaymentIntent, refusal: Declined) -> None:
    intent.status, intent.error_code, intent.error_message = PaymentStatus.FAILED, refusal.code, refusal.message
    await publish_payment_failed(intent, error_code=refusal.code, error_message=refusal.message)


async def _end_subscription(payments: Payments, subscription_id: str | None) -> None:
    subscription = await payments.subscription(subscription_id) if subscription_id is not None else None
    if subscription is not None and subscription.status is not SubscriptionStatus.CANCELED:
        subscription.status = SubscriptionStatus.CANCELED
        await publish_subscription_canceled(subscription)
