"""One document that is kept in RabbitMQ: a queue that holds one message, the last."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiormq.channel import Channel
from pamqp.commands import Basic

from eventkit.bus.amqp.errors import answered
from eventkit.bus.amqp.frames import PERSISTENT
from eventkit.bus.amqp.publisher import Publisher

ARGUMENTS: Final[Mapping[str, Any]] = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "drop-head"}
# Whoever died while it was reading gives the message back a moment later.
_PATIENCE: Final = 2.0
_PAUSE: Final = 0.02


async def read(channel: Channel, queue: str, where: str) -> bytes | None:
    """Return the document, or None where there was never one.

    Only one may read at a time, and nobody may write meanwhile: the message is taken out and put back.

    Args:
        channel: An open channel.
        queue: The queue.
        where: The bus, for errors.
    """
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while True:
        async with answered(where):
            message = await channel.basic_get(queue)
            if isinstance(message.delivery, Basic.GetOk):
                await channel.basic_nack(message.delivery.delivery_tag or 0, requeue=True)
                return message.body
        if asyncio.get_running_loop().time() > deadline:
            return None
        await asyncio.sleep(_PAUSE)


async def write(publisher: Publisher, queue: str, document: bytes) -> None:
    """Replace the document; return when RabbitMQ has stored it. Raises Blocked soon, or BusError."""
    properties = Basic.Properties(content_type="application/json", delivery_mode=PERSISTENT)
    await publisher.publish_now(document, properties, "", queue)
