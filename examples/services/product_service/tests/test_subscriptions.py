"""Subscriptions from the wish to the end. Each event is delivered twice."""

from datetime import timedelta

import pytest
from product_service.events.models import (
    PaymentCompletedEvent,
    SubscriptionActivatedEvent,
    SubscriptionCanceledEvent,
    SubscriptionCreatedEvent,
    SubscriptionExpiredEvent,
    SubscriptionStatusChangedEvent,
    UserDeletedEvent,
    WalletInsufficientFundsEvent,
)
from product_service.models import PlanTier, SubscriptionStatus
from product_service.product_service import PlanNotFoundError, SubscriptionNotFoundError, SubscriptionRefusedError

TWICE = 2


def paid(subscription):
    return PaymentCompletedEvent(subscription_id=subscription.subscription_id)


async def status(system, subscription):
    return (await system.products.get_subscription(subscription.subscription_id)).status


class TestSubscribing:
    async def test_a_subscription_begins_unpaid(self, system):
        subscription = await system.subscribe(plan_id="pro-monthly", organization_id="acme")

        [created] = (await system.published()).events(SubscriptionCreatedEvent)
        assert created.subscription_id == subscription.subscription_id
        assert (created.plan_tier, created.status, created.organization_id) == (
            PlanTier.PRO,
            SubscriptionStatus.PENDING,
            "acme",
        )

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"plan_id": "no-plan"}, PlanNotFoundError),
            ({"user_id": "gwen"}, SubscriptionRefusedError),
            ({"user_id": "nobody"}, SubscriptionRefusedError),
            ({"organization_id": "no-org"}, SubscriptionRefusedError),
            ({"user_id": "cleo", "organization_id": "acme"}, SubscriptionRefusedError),
        ],
        ids=["no such plan", "user gone", "no such user", "no such organization", "not a member"],
    )
    async def test_what_cannot_be_is_refused(self, system, fields, error):
        with pytest.raises(error):
            await system.subscribe(**fields)

        assert not (await system.published()).envelopes


class TestPaying:
    async def test_a_paid_subscription_is_activated_once(self, system):
        subscription = await system.subscribe()
        system.clock.advance(timedelta(hours=1))

        await system.deliver(paid(subscription), times=TWICE)

        published = await system.published()
        [changed] = published.events(SubscriptionStatusChangedEvent)
        [activated] = published.events(SubscriptionActivatedEvent)
        assert (changed.old_status, changed.new_status) == (SubscriptionStatus.PENDING, SubscriptionStatus.ACTIVE)
        assert activated.current_period_start == system.clock.now
        assert activated.current_period_end == system.clock.now + timedelta(days=30)

    async def test_the_free_days_come_first(self, system):
        subscription = await system.subscribe(plan_id="pro-monthly")

        await system.deliver(paid(subscription))

        [activated] = (await system.published()).events(SubscriptionActivatedEvent)
        assert activated.current_period_end == system.clock.now + timedelta(days=44)

    async def test_paying_again_adds_a_period(self, system):
        subscription = await system.subscribe()
        await system.deliver(paid(subscription))
        await system.deliver(paid(subscription), times=TWICE)

        published = await system.published()
        assert len(published.events(SubscriptionStatusChangedEvent)) == 1
        assert published.events(SubscriptionActivatedEvent)[-1].current_period_end == system.clock.now + timedelta(
            days=60
        )

    async def test_payments_for_other_things_are_none_of_its_business(self, system):
        await system.deliver(PaymentCompletedEvent())

        assert not (await system.published()).envelopes

    async def test_a_payment_for_an_unknown_subscription_is_an_error(self, system):
        with pytest.raises(SubscriptionNotFoundError):
            await system.deliver(PaymentCompletedEvent(subscription_id="sub_404"))

    async def test_a_canceled_subscription_stays_canceled(self, system):
        subscription = await system.subscribe()
        await system.deliver(UserDeletedEvent(user_id="ada"))

        await system.deliver(paid(subscription))

        assert await status(system, subscription) is SubscriptionStatus.CANCELED


class TestTheEnd:
    async def test_without_money_it_is_past_due_and_paying_mends_that(self, system):
        subscription, unpaid = await system.subscribe(), await system.subscribe()
        await system.deliver(paid(subscription))

        await system.deliver(WalletInsufficientFundsEvent(user_id="ada"), times=TWICE)
        assert await status(system, subscription) is SubscriptionStatus.PAST_DUE
        assert await status(system, unpaid) is SubscriptionStatus.PENDING

        await system.deliver(paid(subscription))
        assert await status(system, subscription) is SubscriptionStatus.ACTIVE

    async def test_a_deleted_customer_loses_all_subscriptions(self, system):
        active, pending, others = (
            await system.subscribe(),
            await system.subscribe(),
            await system.subscribe(user_id="ben"),
        )
        await system.deliver(paid(active))

        await system.deliver(UserDeletedEvent(user_id="ada"), times=TWICE)

        canceled = (await system.published()).events(SubscriptionCanceledEvent)
        assert {event.subscription_id for event in canceled} == {active.subscription_id, pending.subscription_id}
        assert len(canceled) == 2
        assert await status(system, others) is SubscriptionStatus.PENDING

    async def test_it_expires_once_with_its_period(self, system):
        subscription = await system.subscribe()
        await system.deliver(paid(subscription))

        system.clock.advance(timedelta(days=29))
        await system.products.expire_subscriptions()
        assert await status(system, subscription) is SubscriptionStatus.ACTIVE

        system.clock.advance(timedelta(days=1))
        for _ in range(TWICE):
            await system.products.expire_subscriptions()
        assert await status(system, subscription) is SubscriptionStatus.EXPIRED
        [expired] = (await system.published()).events(SubscriptionExpiredEvent)
        assert expired.expiration_date == system.clock.now
