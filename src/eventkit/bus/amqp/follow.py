"""Looking on while events are published: a queue that only the follower uses, and that ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from datetime import UTC, datetime
from typing import Final

from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel

from eventkit.bus.amqp.browse import browsing
from eventkit.bus.amqp.connection import Link, close
from eventkit.bus.amqp.errors import answered, gone
from eventkit.bus.amqp.messages import from_message, identity
from eventkit.bus.amqp.names import Names
from eventkit.bus.amqp.topology import Topology
from eventkit.contract.envelope import Envelope, new_id
from eventkit.delivery.subscription import Unreadable

_MOST: Final = 10_000
"""How many events wait for a follower that is slow; the oldest are forgotten first."""

_LOOK_AGAIN: Final = 2.0
"""Seconds after which a follower hears of a domain that was not there when it began."""

Seen = Envelope | Unreadable
Came = asyncio.Queue[DeliveredMessage | None]


async def follow(
    link: Link, names: Names, topology: Topology, types: Collection[str] | None, since: datetime | None
) -> AsyncGenerator[Seen, None]:
    """Yield events as they are published, in the order of publication within a domain.

    What groups have got is not kept in RabbitMQ where a follower could look at it. So of the time before it began, it
    sees what no group has a queue for.

    Args:
        link: The connection.
        names: What things are called.
        topology: Knows the domains.
        types: The types; None means all.
        since: The time from which to begin, or None.
    """
    came: Came = asyncio.Queue()
    queue = f"{names.prefix}eventkit.follower.{new_id()}"
    channel = await link.channel()
    channel.closing.add_done_callback(lambda _: came.put_nowait(None))
    try:
        async with answered(link.where):
            await channel.queue_declare(queue, exclusive=True, auto_delete=True, arguments={"x-max-length": _MOST})
            await channel.basic_consume(queue, came.put, no_ack=True)
        domains = None if types is None else set(map(names.streams.of, types))
        exchanges = await _bind(channel, link, queue, await _exchanges(names, topology, domains), set())
        early: set[str] = set()
        for exchange in () if since is None else sorted(exchanges):
            for event in await _unrouted(link, names.unrouted(exchange), since):
                early.add(identity(event))
                if _is_wanted(event, types):
                    yield event
        while True:
            try:
                all_are_there = domains is not None and len(exchanges) == len(domains)
                async with asyncio.timeout(None if all_are_there else _LOOK_AGAIN):
                    message = await came.get()
            except TimeoutError:
                exchanges = await _bind(channel, link, queue, await _exchanges(names, topology, domains), exchanges)
                continue
            if message is None:
                break
            event = from_message(message)
            if early and (name := identity(event)) in early:
                early.discard(name)  # published when this one listened already and had not looked yet
            elif _is_wanted(event, types):
                yield event
        if not link.is_closed:
            raise gone(link.where)
    finally:
        await close(channel)


async def _exchanges(names: Names, topology: Topology, domains: Collection[str] | None) -> list[str]:
    """Return the exchanges that are there, of some domains or of all that are known."""
    if domains is None:
        return [names.exchange(domain) for domain in sorted((await topology.groups.read()).domains)]
    exchanges = map(names.exchange, sorted(domains))
    return [each for each in exchanges if await topology.is_there(each)]


async def _bind(channel: Channel, link: Link, queue: str, exchanges: Collection[str], bound: set[str]) -> set[str]:
    async with answered(link.where):
        for exchange in set(exchanges) - bound:
            await channel.queue_bind(queue, exchange, "#")
    return bound | set(exchanges)


async def _unrouted(link: Link, queue: str, since: datetime | None) -> list[Seen]:
    found: list[Seen] = []
    async with browsing(link, queue) as (_, messages):
        async for message in messages:
            at = message.header.properties.timestamp
            # It has no fractions of a second.
            if since is None or at is None or at.astimezone(UTC) >= since.replace(microsecond=0):
                found.append(from_message(message))
    return found


def _is_wanted(event: Seen, types: Collection[str] | None) -> bool:
    return types is None or (isinstance(event, Envelope) and event.type in types)
