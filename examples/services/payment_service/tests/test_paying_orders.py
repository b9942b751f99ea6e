"""Payments of orders: taken once, whatever is delivered twice and wherever the process dies."""

from datetime import timedelta
from decimal import Decimal

import pytest
from payment_service.events.models import (
    PaymentCompletedEvent,
    PaymentFailedEvent,
    PaymentIntentCreatedEvent,
    PaymentRefundedEvent,
    SubscriptionCanceledEvent,
    SubscriptionCreatedEvent,
    SubscriptionUpdatedEvent,
    UserDeletedEvent,
)
from payment_service.models import PaymentMethod, PaymentStatus, SubscriptionStatus
from payment_service.payment_service import PaymentInProgressError, PaymentNotFoundError, PaymentNotRefundableError

from .conftest import ProcessDiedError

TWICE = 2


async def test_an_order_is_charged_once_and_told_of(system):
    await system.deliver(system.order("20.00"), times=TWICE)

    published = await system.published()
    [intent] = published.events(PaymentIntentCreatedEvent)
    [completed] = published.events(PaymentCompletedEvent)
    assert completed.payment_intent_id == intent.payment_intent_id
    assert (completed.order_id, completed.amount, completed.payment_method) == (
        "ord_1",
        Decimal("20.00"),
        PaymentMethod.CARD,
    )
    assert await system.ledger() == ["charge"]


@pytest.mark.parametrize(
    ("amount", "code"), [("20.13", "card_declined"), ("20.37", "insufficient_funds"), ("20.66", "expired_card")]
)
async def test_what_the_gateway_declines_is_told_of(system, amount, code):
    await system.deliver(system.order(amount), times=TWICE)

    [failed] = (await system.published()).events(PaymentFailedEvent)
    assert failed.error_code == code
    assert await system.ledger() == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"user_id": "gwen"}, "user_inactive"),
        ({"user_id": "nobody"}, "user_inactive"),
        ({"subscription_id": "sub_1", "items": [{"product_id": "no-plan"}]}, "unknown_plan"),
    ],
)
async def test_what_cannot_be_paid_is_not_charged(system, fields, code):
    await system.deliver(system.order(**fields), times=TWICE)

    published = await system.published()
    assert [event.error_code for event in published.events(PaymentFailedEvent)] == [code]
    assert len(published.events(PaymentIntentCreatedEvent)) == 1
    assert await system.ledger() == []


async def test_a_process_that_dies_after_charging_charges_once(system):
    system.gateway.dying = True
    order = system.order()
    with pytest.raises(ProcessDiedError):
        await system.deliver(order)
    assert await system.ledger() == ["charge"]
    assert not (await system.published()).events(PaymentCompletedEvent)

    system.gateway.dying = False
    await system.deliver(order)

    assert await system.ledger() == ["charge"]
    assert len((await system.published()).events(PaymentCompletedEvent)) == 1


async def test_who_was_charged_is_not_refused_after_a_crash(system):
    system.gateway.dying = True
    order = system.order()
    with pytest.raises(ProcessDiedError):
        await system.deliver(order)

    system.gateway.dying = False
    system.world.customers["ada"].active = False
    await system.deliver(order)

    assert len((await system.published()).events(PaymentCompletedEvent)) == 1


async def test_a_top_up_fills_the_wallet_once(system):
    await system.deliver(system.order("50.00", wallet_id="wallet-paul", user_id="paul"), times=TWICE)

    credited = [envelope for envelope in system.neighbours.envelopes if envelope.type == "wallet.credits_added"]
    assert len(credited) == 1
    assert b'"credits_added": "50.00"' in credited[0].data
    assert b'"order_id": "ord_1"' in credited[0].data


async def test_a_declined_top_up_fills_nothing(system):
    await system.deliver(system.order("50.13", wallet_id="wallet-paul", user_id="paul"))

    assert system.neighbours.envelopes == []


class TestSubscriptions:
    def order(self, system, order_id="ord_1"):
        return system.order(order_id=order_id, subscription_id="sub_1", items=[{"product_id": "pro-monthly"}])

    async def test_a_paid_one_begins_with_its_free_days(self, system):
        await system.deliver(self.order(system), times=TWICE)

        [created] = (await system.published()).events(SubscriptionCreatedEvent)
        assert created.current_period_start == system.clock.now
        assert created.trial_end == system.clock.now + timedelta(days=14)
        assert created.current_period_end == system.clock.now + timedelta(days=44)

    async def test_paying_again_extends_it(self, system):
        await system.deliver(self.order(system))
        await system.deliver(self.order(system, "ord_2"), times=TWICE)

        published = await system.published()
        assert len(published.events(SubscriptionCreatedEvent)) == 1
        [updated] = published.events(SubscriptionUpdatedEvent)
        assert updated.current_period_end == system.clock.now + timedelta(days=74)

    async def test_a_refund_ends_it(self, system):
        await system.deliver(self.order(system))
        [completed] = (await system.published()).events(PaymentCompletedEvent)

        await system.payments.refund(completed.payment_intent_id, "changed my mind")

        assert len((await system.published()).events(SubscriptionCanceledEvent)) == 1
        assert (await system.payments.get_subscription("sub_1")).status is SubscriptionStatus.CANCELED


class TestRefunds:
    async def pay(self, system, **fields):
        await system.deliver(system.order(**fields))
        [completed] = (await system.published()).events(PaymentCompletedEvent)
        return completed.payment_intent_id

    async def test_a_payment_is_paid_back_once(self, system):
        intent_id = await self.pay(system)

        for _ in range(TWICE):
            intent = await system.payments.refund(intent_id, "broken")

        assert intent.status is PaymentStatus.REFUNDED
        [refunded] = (await system.published()).events(PaymentRefundedEvent)
        assert (refunded.refund_id, refunded.amount, refunded.reason) == (intent.refund_id, Decimal("20.00"), "broken")
        assert await system.ledger() == ["charge", "refund"]

    async def test_a_process_that_dies_after_paying_back_pays_back_once(self, system):
        intent_id = await self.pay(system)
        system.gateway.dying = True
        with pytest.raises(ProcessDiedError):
            await system.payments.refund(intent_id, "broken")

        system.gateway.dying = False
        await system.payments.refund(intent_id, "broken")

        assert await system.ledger() == ["charge", "refund"]
        assert len((await system.published()).events(PaymentRefundedEvent)) == 1

    async def test_what_was_not_charged_is_not_paid_back(self, system):
        await system.deliver(system.order("20.13"))
        [failed] = (await system.published()).events(PaymentFailedEvent)

        with pytest.raises(PaymentNotRefundableError):
            await system.payments.refund(failed.payment_intent_id, "broken")

    async def test_credits_are_not_paid_back(self, system):
        intent_id = await self.pay(system, wallet_id="wallet-ada")

        with pytest.raises(PaymentNotRefundableError):
            await system.payments.refund(intent_id, "changed my mind")

    async def test_a_payment_that_is_not_there_is_named(self, system):
        with pytest.raises(PaymentNotFoundError, match="pi_404"):
            await system.payments.refund("pi_404", "broken")


class TestCustomersWhoLeave:
    async def test_their_payments_are_kept_without_their_names(self, system):
        await system.deliver(system.order())
        [completed] = (await system.published()).events(PaymentCompletedEvent)

        await system.deliver(UserDeletedEvent(user_id="ada"), times=TWICE)

        intent = await system.payments.get_payment(completed.payment_intent_id)
        assert intent.user_id.startswith("former_")
        assert intent.payment_method is None
        assert intent.amount == Decimal("20.00")

    async def test_they_wait_until_their_payment_has_an_outcome(self, system):
        system.gateway.dying = True
        with pytest.raises(ProcessDiedError):
            await system.deliver(system.order())
        deleted = UserDeletedEvent(user_id="ada")
        with pytest.raises(PaymentInProgressError):
            await system.deliver(deleted)

        system.gateway.dying = False
        await system.deliver(system.order())
        await system.deliver(deleted)

        [completed] = (await system.published()).events(PaymentCompletedEvent)
        assert (await system.payments.get_payment(completed.payment_intent_id)).user_id.startswith("former_")
