"""What the tests of the suite share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Again, Delivery, Done, Failure, Released, Subscription

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


@dataclass(frozen=True, slots=True)
class OwnServer:
    """A broker that a test may kill; its data survive that.

    Args:
        bus_factory: Makes buses on it.
        kill: Ends it at once, as SIGKILL does.
        start: Starts it again, and returns when it is ready.
    """

    bus_factory: BusFactory
    kill: Callable[[], object]
    start: Callable[[], object]


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


async def take_some_of(instances: Sequence[Subscription], limit: int) -> tuple[Subscription, list[Delivery]]:
    """Receive once, from whichever instance of a group gets something; settle nothing.

    Which one that is depends on the bus: any of them, or the one that owns the key's partition.
    """
    async with asyncio.timeout(PATIENCE):
        waiting = {asyncio.create_task(_received(each, limit)) for each in instances}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
    # More than one may have got something; the rest goes back.
    (instance, deliveries), *others = [each.result() for each in waiting if not each.cancelled()]
    for other, more in others:
        await other.settle([Released(each) for each in more])
    return instance, deliveries


async def _received(instance: Subscription, limit: int) -> tuple[Subscription, list[Delivery]]:
    return instance, list(await instance.receive(limit))


async def take_one_of(instances: Sequence[Subscription]) -> tuple[Subscription, Delivery]:
    """Receive one delivery, from whichever instance of a group gets it."""
    instance, [delivery] = await take_some_of(instances, 1)
    return instance, delivery


async def handle_by(instances: Sequence[Subscription], count: int) -> list[str]:
    """Let the instances of a group handle as many deliveries, one after the other; return their names."""
    names = []
    for _ in range(count):
        instance, delivery = await take_one_of(instances)
        await instance.settle([Done(delivery)])
        names.append(name_of(delivery))
    return names


async def nothing_comes(*instances: Subscription, seconds: float = 0.1) -> bool:
    """Tell whether none of the instances gets anything for some time."""
    waiting = [asyncio.create_task(_received(each, 1)) for each in instances]
    await asyncio.wait(waiting, timeout=seconds)
    for each in waiting:
        each.cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    got = [result for result in results if not isinstance(result, BaseException) and result[1]]
    for instance, deliveries in got:
        await instance.settle([Released(each) for each in deliveries])
    return not got


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
