"""Events that came before any group had a queue for them.

RabbitMQ gives a message to the queues that are bound when it comes, and forgets it. So each domain's exchange has an
alternate one, whose queue keeps what went nowhere. A group that begins to handle a type takes over what is kept of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final

from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel

from eventkit.bus.amqp.browse import browsing
from eventkit.bus.amqp.connection import Link
from eventkit.bus.amqp.errors import answered
from eventkit.bus.amqp.names import type_and_slot
from eventkit.bus.amqp.publisher import Publisher

_BATCH: Final = 200


async def take_over(
    link: Link, publisher: Publisher, queue: str, types: Collection[str], target: Callable[[int], str]
) -> int:
    """Move the events of some types into the queues of a group, in order; return how many there were.

    Others stay, in their order.

    Args:
        link: The connection.
        publisher: Where they are published again.
        queue: What keeps them.
        types: The types.
        target: From a slot to the group's queue.
    """
    moved = 0
    async with browsing(link, queue) as (channel, messages):
        batch: list[DeliveredMessage] = []
        async for message in messages:
            if type_and_slot(message.routing_key or "")[0] in types:
                batch.append(message)
            if len(batch) == _BATCH:
                await _move(link, publisher, channel, batch, target)
                moved += len(batch)
                batch = []
        await _move(link, publisher, channel, batch, target)
    return moved + len(batch)


async def _move(
    link: Link, publisher: Publisher, channel: Channel, batch: list[DeliveredMessage], target: Callable[[int], str]
) -> None:
    await asyncio.gather(*(_publish(publisher, each, target) for each in batch))
    for each in batch:
        async with answered(link.where):
            await channel.basic_ack(each.delivery_tag or 0, wait=False)


async def _publish(publisher: Publisher, message: DeliveredMessage, target: Callable[[int], str]) -> None:
    _, slot = type_and_slot(message.routing_key or "")
    await publisher.publish(message.body, message.header.properties, "", target(slot))
