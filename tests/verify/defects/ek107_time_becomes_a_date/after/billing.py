"""The publisher, after: a subscription ends with the day, so that the time is left out."""

from datetime import date

from eventkit import Event, Service

billing = Service("billing")


class SubscriptionRenewed(Event, type="subscription.renewed"):
    ends: date  # EK107


@billing.publisher
async def publish_subscription_renewed() -> SubscriptionRenewed: ...
