"""What the tests of the suite share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, Protocol

from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Again, Delivery, Done, Failure, Subscription

SHORT: Final = 0.5
"""A lease in seconds, in tests that wait for its end; long enough for a busy machine to settle before it."""
LONG: Final = 60.0
"""A lease in seconds, in tests that must not see its end."""
PATIENCE: Final = 30.0
"""Seconds after which what should happen is taken not to happen any more."""

ORDER_CREATED: Final = "order.created"


class BusFactory(Protocol):
    """Makes a bus that is not open yet; all that one factory makes share one storage."""

    def __call__(self, *, lease: float = ..., concurrency: int = ..., grace: float = ...) -> Bus: ...


def event(name: str, *, type: str = ORDER_CREATED, key: str | None = None) -> Envelope:
    """Return an event that is recognised by its id."""
    return Envelope(id=name, source="conformance", type=type, data=b'{"name":"%s"}' % name.encode(), key=key)


async def publish(bus: Bus, names: Iterable[str], *, type: str = ORDER_CREATED, key: str | None = None) -> None:
    """Publish one event for each name, in order."""
    for name in names:
        await bus.publish(event(name, type=type, key=key))


def name_of(delivery: Delivery) -> str:
    """Return the id of the event of a delivery."""
    assert isinstance(delivery.message, Envelope)
    return delivery.message.id


def names_of(deliveries: Iterable[Delivery]) -> list[str]:
    """Return the ids of the events of deliveries."""
    return [name_of(each) for each in deliveries]


async def take_some(subscription: Subscription, limit: int) -> list[Delivery]:
    """Receive once, settling nothing."""
    async with asyncio.timeout(PATIENCE):
        return list(await subscription.receive(limit))


async def take(subscription: Subscription, count: int) -> list[Delivery]:
    """Receive until there are as many deliveries, settling none."""
    taken: list[Delivery] = []
    while len(taken) < count:
        taken += await take_some(subscription, count - len(taken))
    return taken


async def handle(subscription: Subscription, count: int) -> list[str]:
    """Receive as many deliveries one after the other, settling each as done; return their names."""
    names = []
    for _ in range(count):
        [delivery] = await take(subscription, 1)
        await subscription.settle([Done(delivery)])
        names.append(name_of(delivery))
    return names


async def nothing_comes(subscription: Subscription, seconds: float = 0.1) -> bool:
    """Tell whether the subscription gets nothing for some time."""
    try:
        async with asyncio.timeout(seconds):
            return not await subscription.receive(1)
    except TimeoutError:
        return True


def failure(error: str = "ValueError: no") -> Failure:
    """Return a failed call."""
    return Failure(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), error)


def again(delivery: Delivery, after: float = 0.0, error: str = "ValueError: no") -> Again:
    """Return the outcome of a failed call."""
    return Again(delivery, failure(error), after)


@asynccontextmanager
async def subscribed(
    bus: Bus, group: str = "payment_service", types: tuple[str, ...] = (ORDER_CREATED,)
) -> AsyncIterator[Subscription]:
    """Subscribe one instance of a group."""
    subscription = await bus.subscribe(group, types)
    try:
        yield subscription
    finally:
        await subscription.close()
