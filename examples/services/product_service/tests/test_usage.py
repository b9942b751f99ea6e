"""What customers use is recorded once."""

from decimal import Decimal

import pytest
from product_service.events.models import PaymentCompletedEvent, ProductUsageRecordedEvent
from product_service.models import UsageReport
from product_service.product_service import NotSubscribedError


def report(**fields):
    return UsageReport.model_validate({"user_id": "ada", "product_id": "api", "usage_amount": "2.5", **fields})


async def test_use_is_recorded_and_told_of(system):
    record = await system.products.record_usage(report(usage_details={"region": "eu"}))

    [event] = (await system.published()).events(ProductUsageRecordedEvent)
    assert (event.usage_record_id, event.usage_amount) == (record.usage_record_id, Decimal("2.5"))
    assert event.usage_details == {"region": "eu"}


async def test_the_same_request_is_recorded_once(system):
    first = await system.products.record_usage(report(request_id="r-1"))
    second = await system.products.record_usage(report(request_id="r-1"))

    assert second.usage_record_id == first.usage_record_id
    assert second.usage_amount == first.usage_amount
    assert len((await system.published()).envelopes) == 1


async def test_a_subscription_covers_the_use_of_its_owner_once_it_is_paid(system):
    subscription = await system.subscribe()
    with pytest.raises(NotSubscribedError):
        await system.products.record_usage(report(subscription_id=subscription.subscription_id))

    await system.deliver(PaymentCompletedEvent(subscription_id=subscription.subscription_id))
    await system.products.record_usage(report(subscription_id=subscription.subscription_id))

    with pytest.raises(NotSubscribedError):
        await system.products.record_usage(report(user_id="ben", subscription_id=subscription.subscription_id))
