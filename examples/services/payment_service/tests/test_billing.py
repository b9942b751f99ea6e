"""The billing side of subscriptions, and invoices. Each event is delivered twice."""

from datetime import timedelta
from decimal import Decimal

import pytest
from payment_service.events.models import (
    InvoiceCreatedEvent,
    InvoicePaidEvent,
    SubscriptionCanceledEvent,
    SubscriptionExpiredEvent,
    SubscriptionUpdatedEvent,
    SubscriptionUsageExceededEvent,
    UserDeletedEvent,
    UserUpgradedEvent,
    WalletBalanceChangedEvent,
    WalletInsufficientFundsEvent,
)
from payment_service.models import Currency, InvoiceStatus, SubscriptionStatus

from eventkit.clients.errors import NotFoundError

TWICE = 2


@pytest.fixture
async def subscribed(system):
    """A customer with a subscription."""
    await system.deliver(system.order(subscription_id="sub_1", items=[{"product_id": "basic-monthly"}]))
    await system.published()
    return system


async def test_a_customer_without_money_is_past_due(subscribed):
    await subscribed.deliver(WalletInsufficientFundsEvent(user_id="ada"), times=TWICE)

    [updated] = (await subscribed.published()).events(SubscriptionUpdatedEvent)
    assert (updated.subscription_id, updated.status) == ("sub_1", SubscriptionStatus.PAST_DUE)


async def test_an_upgrade_changes_the_plan(subscribed):
    await subscribed.deliver(UserUpgradedEvent(user_id="ada", plan_id="pro-monthly"), times=TWICE)

    [updated] = (await subscribed.published()).events(SubscriptionUpdatedEvent)
    assert updated.plan_id == "pro-monthly"


async def test_an_upgrade_to_a_plan_that_is_not_there_is_an_error(subscribed):
    with pytest.raises(NotFoundError):
        await subscribed.deliver(UserUpgradedEvent(user_id="ada", plan_id="no-plan"))


async def test_a_subscription_ends_with_its_period(subscribed):
    subscribed.clock.advance(timedelta(days=29))
    await subscribed.payments.expire_subscriptions()
    assert (await subscribed.payments.get_subscription("sub_1")).status is SubscriptionStatus.ACTIVE

    subscribed.clock.advance(timedelta(days=1))
    for _ in range(TWICE):
        await subscribed.payments.expire_subscriptions()

    [expired] = (await subscribed.published()).events(SubscriptionExpiredEvent)
    assert expired.subscription_id == "sub_1"


async def test_a_deleted_customer_has_no_subscription_and_owes_nothing(subscribed):
    await subscribed.deliver(exceeded("9999999.00"))
    [invoice] = (await subscribed.published()).events(InvoiceCreatedEvent)

    await subscribed.deliver(UserDeletedEvent(user_id="ada"), times=TWICE)

    [canceled] = (await subscribed.published()).events(SubscriptionCanceledEvent)
    assert canceled.user_id == "ada"
    assert (await subscribed.payments.get_subscription("sub_1")).user_id.startswith("former_")
    assert (await subscribed.payments.get_invoice(invoice.invoice_id)).status is InvoiceStatus.VOID


def exceeded(amount, user_id="ada"):
    return SubscriptionUsageExceededEvent(
        subscription_id="sub_1", user_id=user_id, overage_amount=Decimal(amount), currency=Currency.USD
    )


class TestInvoices:
    async def test_use_beyond_the_plan_is_billed_and_paid_from_the_wallet_once(self, system):
        await system.deliver(exceeded("5.00"), times=TWICE)

        published = await system.published()
        [created] = published.events(InvoiceCreatedEvent)
        [paid] = published.events(InvoicePaidEvent)
        assert (paid.invoice_id, paid.amount_paid) == (created.invoice_id, Decimal("5.00"))
        assert created.due_date == system.clock.now + timedelta(days=14)
        assert len([each for each in system.neighbours.envelopes if each.type == "wallet.balance_changed"]) == 1

    async def test_a_bill_waits_until_there_is_enough_in_the_wallet(self, system):
        await system.deliver(exceeded("30.00", user_id="paul"))
        assert not (await system.published()).events(InvoicePaidEvent)

        await system.deliver(WalletBalanceChangedEvent(user_id="paul"))
        assert not (await system.published()).events(InvoicePaidEvent)

        await system.deliver(system.order("50.00", wallet_id="wallet-paul", user_id="paul"))
        await system.deliver(WalletBalanceChangedEvent(user_id="paul"), times=TWICE)
        assert [event.amount_paid for event in (await system.published()).events(InvoicePaidEvent)] == [
            Decimal("30.00")
        ]
