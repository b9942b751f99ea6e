"""Looking at what a queue holds. RabbitMQ has no way to look: messages are taken out, and put back in their place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel

from eventkit.bus.amqp.connection import Link, close
from eventkit.bus.amqp.errors import Missing, answered

MOST: Final = 65_535
"""How many messages a channel can have unacknowledged."""
_NEXT_WITHIN: Final = 5.0


@asynccontextmanager
async def browsing(
    link: Link, queue: str, limit: int = MOST
) -> AsyncIterator[tuple[Channel, AsyncIterator[DeliveredMessage]]]:
    """Give the first messages of a queue; those that are not acknowledged on the channel stay where they are.

    One looks at a queue at a time: for another one, it would be empty meanwhile. A queue that does not exist is empty.

    Args:
        link: The connection.
        queue: The queue.
        limit: How many messages at the most.

    Raises:
        BusError: RabbitMQ cannot be used.
    """
    async with link.lock(f"{queue}.lock"):
        channel = await link.channel()
        came: asyncio.Queue[DeliveredMessage] = asyncio.Queue()
        count, consumer = 0, None
        try:
            try:
                async with answered(link.where):
                    there = (await channel.queue_declare(queue, passive=True)).message_count or 0
                    if count := min(there, limit, MOST):
                        await channel.basic_qos(prefetch_count=count)
                        consumer = (await channel.basic_consume(queue, came.put)).consumer_tag
            except Missing:
                pass
            yield channel, _next(link, came, count)
        finally:
            if consumer is not None and not channel.is_closed:
                async with answered(link.where):
                    await channel.basic_cancel(consumer)
                    await channel.basic_nack(0, multiple=True, requeue=True)
            await close(channel)


async def _next(link: Link, came: asyncio.Queue[DeliveredMessage], count: int) -> AsyncIterator[DeliveredMessage]:
    for _ in range(count):
        async with answered(link.where):
            async with asyncio.timeout(_NEXT_WITHIN):
                message = await came.get()
        yield message
