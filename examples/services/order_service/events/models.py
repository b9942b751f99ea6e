"""The events that order_service publishes, and its reader models of those it handles."""

from __future__ import annotations

from decimal import Decimal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from eventkit import Event
from order_service.models import Currency, OrderStatus, OrderType

# Published: what order_service tells the others. All carry the order, and are ordered by it.


class OrderEvent(Event, key="order_id"):
    """What every event about an order says of it."""

    order_id: str = Field(description="The order.")
    user_id: str = Field(description="The customer.")
    order_type: OrderType = Field(description="What is ordered.")
    total_amount: Decimal = Field(description="The price of all items, in units of `currency`.")
    currency: Currency = Field(description="The currency of all amounts, as its ISO 4217 code.")
    payment_intent_id: str | None = Field(None, description="The payment, once there is one.")
    subscription_id: str | None = Field(None, description="The subscription that a subscription order pays for.")
    wallet_id: str | None = Field(None, description="The wallet that a top-up order fills.")


class OrderedItem(BaseModel):
    """One line of an order."""

    model_config = ConfigDict(frozen=True)

    product_id: str = Field(description="What is ordered; the plan, in a subscription order.")
    quantity: int = Field(description="How many pieces.")
    unit_price: Decimal = Field(description="The price of one piece, in units of the order's currency.")


class OrderCreatedEvent(OrderEvent, type="order.created"):
    """A customer placed an order; it is not paid yet."""

    items: list[OrderedItem] = Field(min_length=1, description="What is ordered.")


class OrderUpdatedEvent(OrderEvent, type="order.updated"):
    """An order changed in a way that has no event of its own: its payment failed, or a top-up was paid."""

    changed_fields: list[str] = Field(description="The names of the fields that changed.")
    old_status: OrderStatus = Field(description="The status before.")
    new_status: OrderStatus = Field(description="The status now.")


class OrderPaymentPendingEvent(OrderEvent, type="order.payment_pending"):
    """An order has waited for its payment for a while: time to remind the customer."""

    expires_at: AwareDatetime = Field(description="When the order expires unless it is paid, in UTC.")


class OrderCompletedEvent(OrderEvent, type="order.completed"):
    """An order is paid; a top-up order is in the wallet, too."""

    payment_id: str | None = Field(None, description="The payment that completed the order, if it is known already.")
    transaction_id: str | None = Field(None, description="The wallet's transaction, of a top-up order.")
    credits_added: Decimal | None = Field(None, description="What the wallet got, in units of `currency`.")


class OrderFulfilledEvent(OrderEvent, type="order.fulfilled"):
    """The customer has what was ordered: the subscription that an order paid for runs."""

    fulfilled_at: AwareDatetime = Field(description="When, in UTC.")
    details: dict[str, str] = Field(description="What was delivered, by name.")


class OrderCanceledEvent(OrderEvent, type="order.canceled"):
    """An order was canceled; if it was paid, a refund is under way."""

    cancellation_reason: str = Field(description="Why, for people to read.")
    refund_amount: Decimal | None = Field(None, description="What will be paid back, in units of `currency`.")


class OrderExpiredEvent(OrderEvent, type="order.expired"):
    """An order was not paid in time. A payment that still comes is paid back."""

    expired_at: AwareDatetime = Field(description="When, in UTC.")


class OrderRefundedEvent(OrderEvent, type="order.refunded"):
    """The money for an order was paid back."""

    refund_id: str = Field(description="The refund.")
    refund_amount: Decimal = Field(description="What was paid back, in units of `currency`.")
    refund_reason: str = Field(description="Why, for people to read.")


# Reader models: what order_service needs of the events of others, and no more. The fields that it leaves out may
# change without a word to us.


class PaymentCompletedEvent(Event, type="payment.completed"):
    """A payment succeeded."""

    payment_intent_id: str = Field(description="What refunds are asked for with.")
    payment_id: str = Field(description="The payment.")
    order_id: str | None = Field(None, description="The order that was paid; invoices are paid too, and have none.")


class PaymentFailedEvent(Event, type="payment.failed"):
    """A payment was declined."""

    payment_intent_id: str = Field(description="The payment.")
    order_id: str | None = Field(None, description="The order that was to be paid.")
    error_message: str = Field(description="Why, for the customer to read.")


class PaymentRefundedEvent(Event, type="payment.refunded"):
    """A payment was paid back."""

    order_id: str | None = Field(None, description="The order that had been paid.")
    refund_id: str = Field(description="The refund.")
    amount: Decimal = Field(description="What was paid back, in units of the order's currency.")
    reason: str = Field(description="Why, for people to read.")


class WalletCreditsAddedEvent(Event, type="wallet.credits_added"):
    """Credits were added to a wallet."""

    order_id: str | None = Field(None, description="The top-up order, if the credits come from one.")
    transaction_id: str = Field(description="The wallet's transaction.")
    credits_added: Decimal = Field(description="How much, in units of the order's currency.")


class SubscriptionCreatedEvent(Event, type="subscription.created"):
    """A subscription that was paid for runs."""

    subscription_id: str = Field(description="The subscription.")
    plan_id: str = Field(description="The plan.")
    current_period_end: AwareDatetime = Field(description="Until when it is paid, in UTC.")


class SubscriptionCanceledEvent(Event, type="subscription.canceled"):
    """A subscription ended before its time."""

    subscription_id: str = Field(description="The subscription.")


class UserDeletedEvent(Event, type="user.deleted"):
    """A customer's account is gone."""

    user_id: str = Field(description="The customer.")
