"""The subscriber, which stays as it is."""

from pydantic import AwareDatetime

from eventkit import Event, Service

mailing = Service("mailing")


class SubscriptionRenewed(Event, type="subscription.renewed"):
    ends: AwareDatetime  # EK107


@mailing.handler
async def handle_subscription_renewed(event: SubscriptionRenewed) -> None: ...
