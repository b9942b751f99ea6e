"""The publisher, before."""

from datetime import datetime

from eventkit import Event, Service

billing = Service("billing")


class SubscriptionRenewed(Event, type="subscription.renewed"):
    ends: datetime


@billing.publisher
async def publish_subscription_renewed() -> SubscriptionRenewed: ...
