"""What becomes of an order: paid, declined, canceled, refunded, expired. Each event is delivered twice."""

from datetime import timedelta
from decimal import Decimal

import pytest
from order_service.events.models import (
    OrderCanceledEvent,
    OrderCompletedEvent,
    OrderExpiredEvent,
    OrderFulfilledEvent,
    OrderPaymentPendingEvent,
    OrderRefundedEvent,
    OrderUpdatedEvent,
    PaymentCompletedEvent,
    PaymentFailedEvent,
    PaymentRefundedEvent,
    SubscriptionCanceledEvent,
    SubscriptionCreatedEvent,
    UserDeletedEvent,
    WalletCreditsAddedEvent,
)
from order_service.models import OrderStatus
from order_service.order_service import OrderNotCancelableError, OrderNotFoundError

TWICE = 2


def paid(order_id):
    return PaymentCompletedEvent(payment_intent_id="pi_1", payment_id="pay_1", order_id=order_id)


def refunded(order_id):
    return PaymentRefundedEvent(order_id=order_id, refund_id="re_1", amount=Decimal("20.00"), reason="canceled")


def credited(order_id):
    return WalletCreditsAddedEvent(order_id=order_id, transaction_id="txn_1", credits_added=Decimal("50.00"))


async def status(system, order):
    return (await system.orders.get_order(order.order_id)).status


async def test_a_paid_order_is_completed_once(system):
    order = await system.place()

    await system.deliver(paid(order.order_id), times=TWICE)

    assert await status(system, order) is OrderStatus.COMPLETED
    [event] = (await system.published()).events(OrderCompletedEvent)
    assert (event.order_id, event.payment_id) == (order.order_id, "pay_1")


async def test_what_follows_from_an_event_names_it_as_its_cause(system):
    order = await system.place()
    await system.deliver(paid(order.order_id))

    [created, completed] = (await system.published()).envelopes
    assert created.causation is None
    assert completed.causation is not None
    assert completed.key == order.order_id


async def test_payments_of_invoices_are_none_of_its_business(system):
    await system.deliver(paid(None))

    assert not (await system.published()).envelopes


async def test_a_payment_for_an_unknown_order_is_an_error(system):
    with pytest.raises(OrderNotFoundError):
        await system.deliver(paid("ord_404"))


async def test_a_declined_order_fails_with_the_reason(system):
    order = await system.place()
    declined = PaymentFailedEvent(payment_intent_id="pi_1", order_id=order.order_id, error_message="The card expired.")

    await system.deliver(declined, times=TWICE)

    assert (await system.orders.get_order(order.order_id)).failure == "The card expired."
    [event] = (await system.published()).events(OrderUpdatedEvent)
    assert (event.old_status, event.new_status) == (OrderStatus.PENDING, OrderStatus.FAILED)


async def test_a_completed_order_stays_so_when_an_older_failure_arrives(system):
    order = await system.place()
    await system.deliver(paid(order.order_id))

    await system.deliver(PaymentFailedEvent(payment_intent_id="pi_1", order_id=order.order_id, error_message="no"))

    assert await status(system, order) is OrderStatus.COMPLETED


class TestCanceling:
    async def test_an_open_order_is_canceled_without_a_refund(self, system):
        order = await system.place()

        for _ in range(TWICE):
            await system.orders.cancel_order(order.order_id, "changed my mind")
        await system.orders.follow_up()

        [event] = (await system.published()).events(OrderCanceledEvent)
        assert (event.cancellation_reason, event.refund_amount) == ("changed my mind", None)
        assert system.payments.refunds == []

    async def test_a_paid_order_is_refunded(self, system):
        order = await system.place()
        await system.deliver(paid(order.order_id))

        await system.orders.cancel_order(order.order_id, "broken")
        await system.orders.follow_up()
        assert system.payments.refunds == ["pi_1"]
        assert await status(system, order) is OrderStatus.CANCELED

        await system.deliver(refunded(order.order_id), times=TWICE)
        await system.orders.follow_up()
        assert system.payments.refunds == ["pi_1"]
        assert await status(system, order) is OrderStatus.REFUNDED
        published = await system.published()
        assert [event.refund_amount for event in published.events(OrderCanceledEvent)] == [Decimal("20.00")]
        assert [event.refund_id for event in published.events(OrderRefundedEvent)] == ["re_1"]

    async def test_a_refund_is_asked_for_until_it_is_done(self, system):
        order = await system.place()
        await system.deliver(paid(order.order_id))
        await system.orders.cancel_order(order.order_id, "broken")

        system.payments.down = True
        await system.orders.follow_up()
        system.payments.down = False
        await system.orders.follow_up()

        assert system.payments.refunds == ["pi_1"]

    async def test_a_payment_that_comes_after_all_goes_back(self, system):
        order = await system.place()
        await system.orders.cancel_order(order.order_id, "changed my mind")

        await system.deliver(paid(order.order_id), times=TWICE)
        await system.orders.follow_up()

        assert system.payments.refunds == ["pi_1"]
        assert not (await system.published()).events(OrderCompletedEvent)

    async def test_an_order_that_failed_cannot_be_canceled(self, system):
        order = await system.place()
        await system.deliver(PaymentFailedEvent(payment_intent_id="pi", order_id=order.order_id, error_message="no"))

        with pytest.raises(OrderNotCancelableError, match="failed"):
            await system.orders.cancel_order(order.order_id, "too late")

    async def test_credits_that_may_be_spent_cannot_be_canceled(self, system):
        order = await system.place("50.00", order_type="top_up", wallet_id="wallet-ada")
        await system.deliver(paid(order.order_id))
        await system.deliver(credited(order.order_id))

        with pytest.raises(OrderNotCancelableError, match="top_up"):
            await system.orders.cancel_order(order.order_id, "changed my mind")


class TestTime:
    async def test_the_customer_is_reminded_once_and_then_the_order_expires_once(self, system):
        order = await system.place()

        system.clock.advance(timedelta(minutes=14))
        await system.orders.follow_up()
        assert await status(system, order) is OrderStatus.PENDING

        system.clock.advance(timedelta(minutes=1))
        for _ in range(TWICE):
            await system.orders.follow_up()
        assert await status(system, order) is OrderStatus.PAYMENT_PENDING

        system.clock.advance(timedelta(minutes=15))
        for _ in range(TWICE):
            await system.orders.follow_up()
        assert await status(system, order) is OrderStatus.EXPIRED

        published = await system.published()
        assert [event.expires_at for event in published.events(OrderPaymentPendingEvent)] == [order.expires_at]
        assert [event.expired_at for event in published.events(OrderExpiredEvent)] == [system.clock.now]

    async def test_an_order_that_was_reminded_of_can_still_be_paid(self, system):
        order = await system.place()
        system.clock.advance(timedelta(minutes=15))
        await system.orders.follow_up()

        await system.deliver(paid(order.order_id))

        assert await status(system, order) is OrderStatus.COMPLETED

    async def test_a_payment_that_comes_too_late_goes_back(self, system):
        order = await system.place()
        system.clock.advance(timedelta(hours=1))
        await system.orders.follow_up()

        await system.deliver(paid(order.order_id))
        await system.orders.follow_up()

        assert system.payments.refunds == ["pi_1"]


class TestTopUps:
    @pytest.mark.parametrize("first", [paid, credited], ids=["payment first", "credits first"])
    async def test_a_top_up_is_completed_by_its_credits(self, system, first):
        order = await system.place("50.00", order_type="top_up", wallet_id="wallet-ada")
        second = credited if first is paid else paid

        await system.deliver(first(order.order_id), times=TWICE)
        await system.deliver(second(order.order_id), times=TWICE)

        read = await system.orders.get_order(order.order_id)
        assert (read.status, read.payment_id) == (OrderStatus.COMPLETED, "pay_1")
        [event] = (await system.published()).events(OrderCompletedEvent)
        assert (event.transaction_id, event.credits_added) == ("txn_1", Decimal("50.00"))

    async def test_a_paid_top_up_neither_expires_nor_is_refunded(self, system):
        order = await system.place("50.00", order_type="top_up", wallet_id="wallet-ada")
        await system.deliver(paid(order.order_id))

        system.clock.advance(timedelta(hours=1))
        await system.orders.follow_up()

        assert await status(system, order) is OrderStatus.PAID
        assert system.payments.refunds == []

    async def test_credits_from_elsewhere_are_none_of_its_business(self, system):
        await system.deliver(credited(None))

        assert not (await system.published()).envelopes


class TestSubscriptions:
    def created(self, system):
        return SubscriptionCreatedEvent(
            subscription_id="sub_1", plan_id="pro-monthly", current_period_end=system.clock.now + timedelta(days=30)
        )

    @pytest.mark.parametrize("payment_first", [True, False], ids=["payment first", "subscription first"])
    async def test_the_order_for_a_subscription_is_fulfilled_once(self, system, payment_first):
        order = await system.place(order_type="subscription", subscription_id="sub_1")

        if payment_first:
            await system.deliver(paid(order.order_id))
        await system.deliver(self.created(system), times=TWICE)
        if not payment_first:
            await system.deliver(paid(order.order_id))

        [event] = (await system.published()).events(OrderFulfilledEvent)
        assert event.order_id == order.order_id
        assert event.details["plan_id"] == "pro-monthly"
        assert await status(system, order) is OrderStatus.COMPLETED

    async def test_a_declined_attempt_is_not_fulfilled(self, system):
        declined = await system.place(order_type="subscription", subscription_id="sub_1")
        await system.deliver(PaymentFailedEvent(payment_intent_id="pi", order_id=declined.order_id, error_message="no"))
        system.clock.advance(timedelta(minutes=1))
        paid_for = await system.place(order_type="subscription", subscription_id="sub_1")

        await system.deliver(self.created(system))

        assert [event.order_id for event in (await system.published()).events(OrderFulfilledEvent)] == [
            paid_for.order_id
        ]

    async def test_open_orders_for_a_canceled_subscription_are_canceled(self, system):
        order = await system.place(order_type="subscription", subscription_id="sub_1")
        other = await system.place(order_type="subscription", subscription_id="sub_2")

        await system.deliver(SubscriptionCanceledEvent(subscription_id="sub_1"), times=TWICE)

        assert await status(system, order) is OrderStatus.CANCELED
        assert await status(system, other) is OrderStatus.PENDING
        assert len((await system.published()).events(OrderCanceledEvent)) == 1


async def test_the_open_orders_of_a_deleted_customer_are_canceled(system):
    open_order = await system.place()
    done = await system.place()
    others = await system.place(user_id="ben")
    await system.deliver(paid(done.order_id))

    await system.deliver(UserDeletedEvent(user_id="ada"), times=TWICE)

    assert await status(system, open_order) is OrderStatus.CANCELED
    assert await status(system, done) is OrderStatus.COMPLETED
    assert await status(system, others) is OrderStatus.PENDING
    [event] = (await system.published()).events(OrderCanceledEvent)
    assert event.order_id == open_order.order_id
