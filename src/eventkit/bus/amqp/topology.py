"""The exchanges, queues and bindings of a bus.

Each is declared as often as it is needed: where it is there already and the same, nothing happens; where it is another,
that is an error.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from aiormq.channel import Channel

from eventkit.bus.amqp import last_value, state
from eventkit.bus.amqp.connection import Link, close
from eventkit.bus.amqp.errors import Missing, answered
from eventkit.bus.amqp.groups import Group, Groups
from eventkit.bus.amqp.names import Names
from eventkit.bus.amqp.publisher import Publisher
from eventkit.bus.amqp.unrouted import take_over
from eventkit.contract.errors import ConfigurationError
from eventkit.contract.event import EventType

logger: Final = logging.getLogger("eventkit.bus.amqp")


class Topology:
    """What a bus needs in RabbitMQ.

    Args:
        link: The connection.
        publisher: Where documents go.
        names: What things are called.
        create: Whether to make what is missing; if not, it is only looked whether it is there.
        unrouted: How many events of a domain are kept that no group has a queue for.
    """

    def __init__(self, link: Link, publisher: Publisher, names: Names, *, create: bool, unrouted: int) -> None:
        self.groups = Groups(link, publisher, names.groups)
        self._link = link
        self._publisher = publisher
        self._names = names
        self._create = create
        self._unrouted = unrouted
        self._exchanges: set[str] = set()

    async def exchange(self, type: str) -> str:
        """Return the exchange of a type's domain, which is there now."""
        name = self._names.exchange(type)
        if name not in self._exchanges:
            async with self._channel() as channel:
                await self._declare_exchange(channel, name)
            if self._create:
                await self.groups.put_domain(EventType(type).domain)
            self._exchanges.add(name)
        return name

    def forget(self, exchange: str) -> None:
        """Take an exchange for deleted."""
        self._exchanges.discard(exchange)

    async def prepare(self, group: str, types: Collection[str]) -> None:
        """Make what a group needs, and let it take over what was kept of types that are new to it.

        Raises:
            ConfigurationError: Something of the same name is something else, or the group has other partitions.
            BusError: RabbitMQ cannot be used, or with `create` off something is missing.
        """
        if not self._create:
            await self._check(group, types)
            return
        async with self._link.lock(self._names.starting(group)):
            known = (await self.groups.read()).groups.get(group)
            if known is not None and known.partitions != self._names.partitions:
                raise self._other_partitions(group, known.partitions)
            async with self._channel() as channel:
                for exchange in {self._names.exchange(type) for type in types}:
                    await self._declare_exchange(channel, exchange)
                await self._declare_group(channel, group)
            begins = known is None
            if known is None:
                for partition in range(self._names.partitions):
                    await last_value.write(self._publisher, self._names.state(group, partition), state.NOTHING)
                known = Group(self._names.partitions, frozenset())
            new = set(types) - known.types
            # Before binding, so that what is old comes first; and after it, because publishers do not wait.
            await self._take_over(group, new)
            await self._bind(group, types)
            await self._take_over(group, new)
            if new or begins:
                await self.groups.put(group, Group(self._names.partitions, known.types | new))

    async def declare_queue(self, channel: Channel, name: str, arguments: Mapping[str, Any]) -> None:
        """Make a durable queue, or see whether it is there."""
        async with answered(self._link.where):
            if self._create:
                await channel.queue_declare(name, durable=True, arguments=dict(arguments))
            else:
                await channel.queue_declare(name, passive=True)

    async def _declare_group(self, channel: Channel, group: str) -> None:
        dead = self._names.dead(group)
        await self.declare_queue(channel, dead, self._kept())
        for partition in range(self._names.partitions):
            # Whatever takes a message away from us, as a policy of the broker's operator, makes a dead letter of it.
            events = {
                **self._kept(),
                "x-single-active-consumer": True,
                "x-overflow": "reject-publish",
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": dead,
                "x-dead-letter-strategy": "at-least-once",
            }
            await self.declare_queue(channel, self._names.queue(group, partition), events)
            await self.declare_queue(channel, self._names.state(group, partition), last_value.ARGUMENTS)
        async with answered(self._link.where):
            await channel.exchange_declare(
                self._names.instances(group), exchange_type="fanout", durable=True, passive=not self._create
            )

    async def _declare_exchange(self, channel: Channel, name: str) -> None:
        async with answered(self._link.where):
            if not self._create:
                await channel.exchange_declare(name, passive=True)
                return
            unrouted = self._names.unrouted(name)
            await channel.exchange_declare(unrouted, exchange_type="fanout", durable=True)
            await channel.queue_declare(
                unrouted,
                durable=True,
                arguments={**self._kept(), "x-max-length": self._unrouted, "x-overflow": "drop-head"},
            )
            await channel.queue_bind(unrouted, unrouted)
            groups = self._names.groups_of(name)
            await channel.exchange_declare(
                groups, exchange_type="topic", durable=True, arguments={"alternate-exchange": unrouted}
            )
            await channel.exchange_declare(name, exchange_type="topic", durable=True)
            await channel.exchange_bind(groups, name, "#")

    async def _bind(self, group: str, types: Collection[str]) -> None:
        async with self._channel() as channel, answered(self._link.where):
            for type in types:
                exchange = self._names.groups_of(self._names.exchange(type))
                for partition, key in self._names.bindings(type):
                    await channel.queue_bind(self._names.queue(group, partition), exchange, key, nowait=True)
            await channel.queue_declare(self._names.dead(group), passive=True)  # answers when all are bound

    async def _take_over(self, group: str, types: Collection[str]) -> None:
        for exchange in sorted({self._names.exchange(type) for type in types}):
            target = partial(self._queue_of_slot, group)
            queue = self._names.unrouted(exchange)
            if count := await take_over(self._link, self._publisher, queue, types, target):
                logger.info("%s takes over %d events that waited in %s", group, count, queue)

    def _queue_of_slot(self, group: str, slot: int) -> str:
        return self._names.queue(group, self._names.partition(slot))

    async def _check(self, group: str, types: Collection[str]) -> None:
        async with self._channel() as channel:
            for exchange in {self._names.exchange(type) for type in types}:
                await self._declare_exchange(channel, exchange)
            await self._declare_group(channel, group)
        try:
            async with self._channel() as channel:
                await self.declare_queue(channel, self._names.queue(group, self._names.partitions), {})
        except Missing:
            return
        raise self._other_partitions(group, None)

    def _other_partitions(self, group: str, count: int | None) -> ConfigurationError:
        has = "more" if count is None else count
        return ConfigurationError(
            f"{group} has {has} partitions, and not {self._names.partitions}",
            where=self._link.where,
            mend="give all its instances the same `partitions`; docs/buses/rabbitmq.md tells how to change it",
        )

    def _kept(self) -> dict[str, Any]:
        """Return the arguments of a queue that gives back what was not acknowledged as often as it takes."""
        arguments: dict[str, Any] = {"x-queue-type": "quorum"}
        if int(self._link.version.partition(".")[0] or 0) >= 4:
            arguments["x-delivery-limit"] = -1  # 4.0 has a limit of 20 where nothing is said; 3.x knows no -1
        return arguments

    @asynccontextmanager
    async def _channel(self) -> AsyncIterator[Channel]:
        channel = await self._link.channel()
        try:
            yield channel
        finally:
            await close(channel)
