"""The events that payment_service publishes, and its reader models of those it handles."""

from __future__ import annotations

from decimal import Decimal

from pydantic import AwareDatetime, BaseModel, Field

from eventkit import Event
from payment_service.models import Currency, PaymentMethod, SubscriptionStatus

# Published: payments. Those of one payment intent are handled in order.


class PaymentEvent(Event, key="payment_intent_id"):
    """What every event about a payment says of it."""

    payment_intent_id: str = Field(description="The intent to pay, the same from the first event to the last.")
    order_id: str | None = Field(None, description="The order that is paid for.")
    subscription_id: str | None = Field(None, description="The subscription that the order pays for.")
    user_id: str = Field(description="The customer who pays.")
    amount: Decimal = Field(description="What is paid, in units of `currency`.")
    currency: Currency = Field(description="The currency of the amount, as its ISO 4217 code.")
    payment_method: PaymentMethod | None = Field(None, description="How the customer pays, if that is known.")


class PaymentIntentCreatedEvent(PaymentEvent, type="payment.intent.created"):
    """A payment is about to be charged."""


class PaymentCompletedEvent(PaymentEvent, type="payment.completed"):
    """A payment was charged."""

    payment_id: str = Field(description="The charge, as the gateway calls it.")


class PaymentFailedEvent(PaymentEvent, type="payment.failed"):
    """A payment was declined; nothing was charged."""

    error_code: str = Field(description="Why, for programs: `card_declined`, `insufficient_funds`, ...")
    error_message: str = Field(description="Why, for people to read.")


class PaymentRefundedEvent(PaymentEvent, type="payment.refunded"):
    """A payment was paid back in full."""

    payment_id: str = Field(description="The charge, as the gateway calls it.")
    refund_id: str = Field(description="The refund, as the gateway calls it.")
    reason: str = Field(description="Why, for people to read.")


# Published: the billing side of subscriptions.


class SubscriptionEvent(Event, key="subscription_id"):
    """What every event about a subscription says of it."""

    subscription_id: str = Field(description="The subscription.")
    user_id: str = Field(description="The customer.")
    plan_id: str = Field(description="The plan.")
    status: SubscriptionStatus = Field(description="Whether the subscription is paid.")
    current_period_start: AwareDatetime = Field(description="From when it is paid, in UTC.")
    current_period_end: AwareDatetime = Field(description="Until when it is paid, in UTC.")
    trial_end: AwareDatetime | None = Field(None, description="The end of the free time, in UTC, if there is one.")


class SubscriptionCreatedEvent(SubscriptionEvent, type="subscription.created"):
    """A subscription was paid for, and is billed from now on."""


class SubscriptionUpdatedEvent(SubscriptionEvent, type="subscription.updated"):
    """A subscription has another plan or another status."""


class SubscriptionCanceledEvent(SubscriptionEvent, type="subscription.canceled"):
    """A subscription ended before its time."""


class SubscriptionExpiredEvent(SubscriptionEvent, type="subscription.expired"):
    """The time that was paid for is over."""


# Published: invoices.


class InvoiceEvent(Event, key="invoice_id"):
    """What every event about an invoice says of it."""

    invoice_id: str = Field(description="The invoice.")
    user_id: str = Field(description="The customer.")
    subscription_id: str = Field(description="The subscription that was used beyond its plan.")
    currency: Currency = Field(description="The currency of the amounts, as its ISO 4217 code.")


class InvoiceCreatedEvent(InvoiceEvent, type="invoice.created"):
    """A customer owes money."""

    amount_due: Decimal = Field(description="What is owed, in units of `currency`.")
    due_date: AwareDatetime = Field(description="Until when, in UTC.")


class InvoicePaidEvent(InvoiceEvent, type="invoice.paid"):
    """An invoice was paid from the customer's wallet."""

    amount_paid: Decimal = Field(description="What was paid, in units of `currency`.")
    paid_at: AwareDatetime = Field(description="When, in UTC.")


# Reader models: what payment_service needs of the events of others, and no more. The fields that it leaves out may
# change without a word to us.


class ItemToPay(BaseModel):
    """One line of an order."""

    product_id: str = Field(description="What is ordered; the plan, in a subscription order.")


class OrderCreatedEvent(Event, type="order.created"):
    """An order waits for its payment."""

    order_id: str = Field(description="The order.")
    user_id: str = Field(description="The customer who pays.")
    total_amount: Decimal = Field(description="What is to be paid, in units of `currency`.")
    currency: Currency = Field(description="The currency of the amount, as its ISO 4217 code.")
    subscription_id: str | None = Field(None, description="The subscription that the order pays for.")
    wallet_id: str | None = Field(None, description="The wallet that the order fills.")
    items: list[ItemToPay] = Field(min_length=1, description="What is ordered.")


class WalletBalanceChangedEvent(Event, type="wallet.balance_changed"):
    """There is more or less in a wallet. How much is asked for when it matters: this event may be old."""

    user_id: str = Field(description="The customer whose wallet it is.")


class WalletInsufficientFundsEvent(Event, type="wallet.insufficient_funds"):
    """A customer has too little to pay something."""

    user_id: str = Field(description="The customer.")


class SubscriptionUsageExceededEvent(Event, type="subscription.usage_exceeded"):
    """A customer used more than the plan holds."""

    subscription_id: str = Field(description="The subscription.")
    user_id: str = Field(description="The customer.")
    overage_amount: Decimal = Field(description="What the use beyond the plan costs, in units of `currency`.")
    currency: Currency = Field(description="The currency of the amount, as its ISO 4217 code.")


class UserDeletedEvent(Event, type="user.deleted"):
    """A customer's account is gone."""

    user_id: str = Field(description="The customer.")


class UserUpgradedEvent(Event, type="user.upgraded"):
    """A customer chose another plan."""

    user_id: str = Field(description="The customer.")
    plan_id: str = Field(description="The new plan.")
