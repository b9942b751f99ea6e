"""Making quorum queues so that RabbitMQ still has them after it was killed.

RabbitMQ confirms messages in a quorum queue that it has not yet entered into its register of quorum queues: it writes
that up to a second late. Killed meanwhile, it starts such a queue anew with nothing in it, and lets it wait for ever
for somebody who makes it the leader: it answers no question. So a new queue is not used before the register is
written; and one that was never used, holds nothing and does not answer is deleted, and made again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiormq.connection import Connection
from pamqp.commands import Basic

from eventkit.bus.amqp.connection import Link, close
from eventkit.bus.amqp.errors import Locked, Missing, answered, gone
from eventkit.contract.errors import BusError

WRITTEN_AFTER: Final = 1.5
"""Seconds after which RabbitMQ has written its register: it looks twice a second, and writes what it saw before."""

Queues = Mapping[str, Mapping[str, Any]]
"""Names with arguments."""

logger: Final = logging.getLogger("eventkit.bus.amqp")


@dataclass(frozen=True, slots=True)
class Made:
    """Queues that are made, and may be lost yet.

    Args:
        connection: The connection on which they were made. While it is open, the server was not started again.
        at: When they were made, by the event loop's clock.
    """

    connection: Connection
    at: float


async def make(link: Link, queues: Queues) -> Made:
    """Make queues that nobody has used yet. Only one may do that at a time.

    Args:
        link: The connection.
        queues: The queues.

    Raises:
        ConfigurationError: One of the same name is something else.
        BusError: RabbitMQ cannot be used.
    """
    connection = await link.connection()
    # One that was told to make them may have ended, or the server.
    await asyncio.gather(*(_delete_if_forgotten(link, name) for name in queues))
    channel = await link.channel()
    try:
        for name, arguments in queues.items():
            async with answered(link.where):
                await channel.queue_declare(name, durable=True, arguments=dict(arguments))
    finally:
        await close(channel)
    return Made(connection, asyncio.get_running_loop().time())


async def written(link: Link, made: Made) -> None:
    """Wait until RabbitMQ would still have queues after a crash; raises BusError where it may have crashed before.

    Args:
        link: The connection.
        made: The queues.
    """
    await asyncio.sleep(made.at + WRITTEN_AFTER - asyncio.get_running_loop().time())
    if await link.connection() is not made.connection:
        raise gone(link.where)


async def _delete_if_forgotten(link: Link, name: str) -> None:
    channel = await link.channel()
    try:
        async with answered(link.where):
            there = await channel.queue_declare(name, passive=True)
        if there.message_count or await _answers(link, name):
            return
        logger.warning("RabbitMQ was ended while it made the queue %s, which does not work: it is made again", name)
        async with answered(link.where):
            await channel.queue_delete(name)
    except Missing:
        return
    finally:
        await close(channel)


async def _answers(link: Link, name: str) -> bool:
    channel = await link.channel()
    try:
        async with answered(link.where):
            found = await channel.basic_get(name)
            if isinstance(found.delivery, Basic.GetOk):
                await channel.basic_nack(found.delivery.delivery_tag or 0, requeue=True)
    except Locked:  # it says that it has a single active consumer
        return True
    except BusError as error:
        if isinstance(error.__cause__, TimeoutError):
            return False
        raise
    finally:
        await close(channel)
    return True
