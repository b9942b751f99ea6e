"""`ProductService`: what can be done with plans, subscriptions and their use.

Every method that changes something is one transaction, which holds the change, the events that tell of it (in the
outbox), and, where it is the effect of an event, the record that this event was handled (in the inbox). A process that
dies leaves all of it or nothing. No other service is called while a transaction is open.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from product_service.clients import AccountClient, OrganizationClient
from product_service.events.publishers import (
    publish_product_usage_recorded,
    publish_subscription_activated,
    publish_subscription_canceled,
    publish_subscription_created,
    publish_subscription_expired,
    publish_subscription_status_changed,
)
from product_service.models import (
    PAID,
    PLANS,
    Plan,
    Subscription,
    SubscriptionRequest,
    SubscriptionStatus,
    UsageRecord,
    UsageReport,
    new_id,
    utc_now,
)
from product_service.repository import ProductRepository, Products

ENDED = frozenset({SubscriptionStatus.CANCELED, SubscriptionStatus.EXPIRED})


class ProductError(Exception):
    """The base of what can be wrong with a request. The message is for the customer."""


class PlanNotFoundError(ProductError):
    """There is no such plan."""


class SubscriptionNotFoundError(ProductError):
    """There is no such subscription."""


class SubscriptionRefusedError(ProductError):
    """This customer cannot subscribe, or not for this organization."""


class NotSubscribedError(ProductError):
    """The subscription does not cover the use: it is not the customer's, or not paid."""


class ProductService:
    """Knows the plans, keeps the subscriptions to them, and records their use.

    Args:
        repository: Where subscriptions and usage records are kept.
        accounts: Knows the customers.
        organizations: Knows who customers act for.
        clock: Tells the time, with its zone.
    """

    def __init__(
        self,
        repository: ProductRepository,
        *,
        accounts: AccountClient,
        organizations: OrganizationClient,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._repository = repository
        self._accounts = accounts
        self._organizations = organizations
        self._clock = clock

    # What customers ask for.

    def get_plan(self, plan_id: str) -> Plan:
        """Return a plan.

        Raises:
            PlanNotFoundError: There is no such plan.
        """
        try:
            return PLANS[plan_id]
        except KeyError:
            raise PlanNotFoundError(f"there is no plan {plan_id}") from None

    async def subscribe(self, request: SubscriptionRequest) -> Subscription:
        """Prepare a subscription; it is activated when an order for it is paid.

        Raises:
            PlanNotFoundError: There is no such plan.
            SubscriptionRefusedError: The customer is unknown or gone, or does not belong to the organization.
            ClientError: A service that must be asked gives no answer.
        """
        plan = self.get_plan(request.plan_id)
        if not await self._accounts.validate_user(request.user_id):
            raise SubscriptionRefusedError(f"user {request.user_id} cannot subscribe")
        if request.organization_id is not None and not await self._organizations.validate_organization(
            request.organization_id, member_id=request.user_id
        ):
            raise SubscriptionRefusedError(f"user {request.user_id} does not act for {request.organization_id}")
        now = self._clock()
        subscription = Subscription(
            subscription_id=new_id("sub"),
            user_id=request.user_id,
            organization_id=request.organization_id,
            plan_id=plan.plan_id,
            plan_tier=plan.plan_tier,
            billing_cycle=plan.billing_cycle,
            current_period_start=now,
            current_period_end=now + plan.billing_cycle.length,
        )
        async with self._repository.transaction() as products:
            products.add(subscription)
            await publish_subscription_created(subscription)
        return subscription

    async def get_subscription(self, subscription_id: str) -> Subscription:
        """Return one subscription.

        Raises:
            SubscriptionNotFoundError: There is no such subscription.
        """
        async with self._repository.reading() as products:
            return await _existing(products, subscription_id)

    async def record_usage(self, report: UsageReport) -> UsageRecord:
        """Record that something was used, or return what was recorded for the same request before.

        Raises:
            SubscriptionNotFoundError: There is no such subscription.
            NotSubscribedError: The subscription is not the customer's, or not paid.
        """
        record = UsageRecord(
            usage_record_id=new_id("use"),
            request_id=report.request_id,
            user_id=report.user_id,
            organization_id=report.organization_id,
            subscription_id=report.subscription_id,
            product_id=report.product_id,
            usage_amount=report.usage_amount,
            session_id=report.session_id,
            usage_details=report.usage_details,
            recorded_at=self._clock(),
        )
        async with self._repository.transaction() as products:
            if report.request_id is not None:
                earlier = await products.usage_of_request(report.user_id, report.request_id)
                if earlier is not None:
                    return earlier
            if report.subscription_id is not None:
                subscription = await _existing(products, report.subscription_id)
                if subscription.user_id != report.user_id or subscription.status is not SubscriptionStatus.ACTIVE:
                    raise NotSubscribedError(f"{report.subscription_id} does not cover what {report.user_id} uses")
            products.add(record)
            await publish_product_usage_recorded(record)
        return record

    # What follows from events. The inbox makes each of these happen once.

    async def activate(self, subscription_id: str) -> None:
        """Let a subscription that was paid for be used, or be used for one more period.

        Raises:
            SubscriptionNotFoundError: There is no such subscription.
        """
        async with self._repository.transaction() as products:
            if not await products.first_time():
                return
            subscription = await _existing(products, subscription_id)
            if subscription.status is SubscriptionStatus.CANCELED:
                return  # whoever pays for it all the same is paid back by order_service
            if subscription.status not in PAID:
                subscription.current_period_start = subscription.current_period_end = self._clock()
            if subscription.status is SubscriptionStatus.PENDING:
                subscription.current_period_end += timedelta(days=self.get_plan(subscription.plan_id).trial_days)
            subscription.current_period_end += subscription.billing_cycle.length
            await _move(subscription, SubscriptionStatus.ACTIVE, reason="it was paid")
            await publish_subscription_activated(subscription)

    async def mark_past_due(self, user_id: str) -> None:
        """Mark the paid subscriptions of a customer as no longer paid."""
        async with self._repository.transaction() as products:
            if not await products.first_time():
                return
            for subscription in await products.subscriptions_of(user_id):
                if subscription.status is SubscriptionStatus.ACTIVE:
                    await _move(subscription, SubscriptionStatus.PAST_DUE, reason="there is too little in the wallet")

    async def cancel_subscriptions_of(self, user_id: str) -> None:
        """Cancel the subscriptions of a customer who is gone."""
        async with self._repository.transaction() as products:
            if not await products.first_time():
                return
            for subscription in await products.subscriptions_of(user_id):
                if subscription.status not in ENDED:
                    reason = "the user was deleted"
                    await _move(subscription, SubscriptionStatus.CANCELED, reason=reason)
                    await publish_subscription_canceled(subscription, reason=reason)

    # What time brings. Called again and again while the service runs.

    async def expire_subscriptions(self) -> None:
        """End the subscriptions whose paid period is over."""
        async with self._repository.transaction() as products:
            for subscription in await products.over_at(self._clock()):
                await _move(subscription, SubscriptionStatus.EXPIRED, reason="the period is over")
                await publish_subscription_expired(subscription)


async def _existing(products: Products, subscription_id: str) -> Subscription:
    subscription = await products.subscription(subscription_id)
    if subscription is None:
        raise SubscriptionNotFoundError(f"there is no subscription {subscription_id}")
    return subscription


async def _move(subscription: Subscription, status: SubscriptionStatus, reason: str) -> None:
    old_status, subscription.status = subscription.status, status
    if status is not old_status:
        await publish_subscription_status_changed(subscription, old_status=old_status, reason=reason)
