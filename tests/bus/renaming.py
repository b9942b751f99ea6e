"""Events, dead letters, lag and replay where streams and groups have names that were given to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from eventkit import Event, Retry, Service
from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import Envelope
from eventkit.testing.conformance.support import PATIENCE

STREAMS = {"order": "sales", "order.audited": "audit"}
GROUPS = {"payment_service": "payments"}


class OrderCreated(Event, type="order.created", key="order_id"):
    order_id: str


class OrderAudited(Event, type="order.audited", key="order_id"):
    order_id: str


class UserCreated(Event, type="user.created", key="user_id"):
    user_id: str


async def check(connect: Callable[..., Bus]) -> None:
    """See that all of it works; whoever calls looks into the broker afterwards.

    Args:
        connect: Makes a bus with settings; all that it makes share one storage.
    """
    handled: asyncio.Queue[str] = asyncio.Queue()
    is_broken = True
    payment = Service("payment_service")

    @payment.handler
    async def handle_created(event: OrderCreated) -> None:
        handled.put_nowait(event.order_id)

    @payment.handler(retry=Retry(attempts=1))
    async def handle_audited(event: OrderAudited) -> None:
        if is_broken:
            raise RuntimeError("no auditor")
        handled.put_nowait(f"{event.order_id} audited")

    @payment.handler
    async def handle_user(event: UserCreated) -> None:
        handled.put_nowait(event.user_id)

    seen: asyncio.Queue[str] = asyncio.Queue()

    async def look_on(bus: Bus) -> None:
        async with aclosing(bus.follow()) as events:
            async for event in events:
                assert isinstance(event, Envelope)
                seen.put_nowait(event.type)

    async with connect(streams=STREAMS, groups=GROUPS) as bus, asyncio.timeout(3 * PATIENCE):
        for event in (OrderCreated(order_id="o-1"), OrderAudited(order_id="o-1"), UserCreated(user_id="u-1")):
            await bus.publish(Envelope.of(event, source="order_service"))  # what is there when the service first starts
        async with payment.run(bus):
            assert {await handled.get(), await handled.get()} == {"o-1", "u-1"}
            following = asyncio.create_task(look_on(bus))
            while seen.empty():
                await bus.publish(Envelope.of(OrderCreated(order_id="o-2"), source="order_service"))
                await asyncio.sleep(0.5)
            assert await handled.get() == "o-2"
            await bus.publish(Envelope.of(OrderAudited(order_id="o-2"), source="order_service"))
            while await seen.get() != "order.audited":
                pass
            following.cancel()
            while len(letters := await bus.dead_letters.list(group="payment_service")) < 2:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.05)

            assert {(each.group, each.type) for each in letters} == {("payment_service", "order.audited")}
            dead = {(each.group, each.domain): each.dead for each in await bus.lag()}
            assert dead == {
                ("payment_service", "audit"): 2, ("payment_service", "sales"): 0, ("payment_service", "user"): 0
            }  # fmt: skip
            is_broken = False
            assert await bus.dead_letters.replay([each.id for each in letters]) == 2
            found = set()
            while len(found) < 2:
                found |= {name for name in [await handled.get()] if name.endswith("audited")}
            assert await bus.dead_letters.list(group="payment_service") == []
