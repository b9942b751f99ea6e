"""Events that came before any group had a queue for them.

RabbitMQ gives a message to the queues that are bound when it comes, and forgets it. So each domain's exchange has an
alternate one, whose queue keeps what went nowhere. A group that begins to handle a type takes over what is kept of it,
once its queues are bound.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from pamqp.commands import Basic

from eventkit.bus.amqp.browse import browsing
from eventkit.bus.amqp.connection import Link
from eventkit.bus.amqp.errors import answered
from eventkit.bus.amqp.names import type_and_slot
from eventkit.bus.amqp.publisher import Publisher

_BATCH: Final = 200
_FENCE: Final = "eventkit.fence"
_FORGOTTEN_AFTER: Final = "60000"  # milliseconds, where nobody gets to take it out
_COUNT: Final = "x-delivery-count"

Target = Callable[[int], Awaitable[str]]


async def take_over(link: Link, publisher: Publisher, queue: str, types: Collection[str], target: Target) -> int:
    """Move the events of some types into the queues of a group, in order; return how many there were.

    Others stay, in their order.

    Args:
        link: The connection.
        publisher: Where they are published again.
        queue: What keeps them.
        types: The types.
        target: From a slot to a queue of the group.
    """
    moved = 0
    # A quorum queue counts what it has written down. Once it has confirmed this, it counts all that came before it.
    await publisher.publish(b"", Basic.Properties(message_type=_FENCE, expiration=_FORGOTTEN_AFTER), "", queue)
    async with browsing(link, queue) as (channel, messages):
        batch: list[DeliveredMessage] = []
        async for message in messages:
            if message.header.properties.message_type == _FENCE:
                async with answered(link.where):
                    await channel.basic_ack(message.delivery_tag or 0, wait=False)
            elif type_and_slot(message.routing_key or "")[0] in types:
                batch.append(message)
            if len(batch) == _BATCH:
                await _move(link, publisher, channel, batch, target)
                moved += len(batch)
                batch = []
        await _move(link, publisher, channel, batch, target)
    return moved + len(batch)


async def _move(
    link: Link, publisher: Publisher, channel: Channel, batch: list[DeliveredMessage], target: Target
) -> None:
    queues = [await target(type_and_slot(each.routing_key or "")[1]) for each in batch]
    await asyncio.gather(*(_publish(publisher, each, queue) for each, queue in zip(batch, queues, strict=True)))
    for each in batch:
        async with answered(link.where):
            await channel.basic_ack(each.delivery_tag or 0, wait=False)


async def _publish(publisher: Publisher, message: DeliveredMessage, queue: str) -> None:
    properties = message.header.properties
    # How often it was looked at where it came from says nothing of the group.
    properties.headers = {name: value for name, value in (properties.headers or {}).items() if name != _COUNT}
    await publisher.publish(message.body, properties, "", queue)
