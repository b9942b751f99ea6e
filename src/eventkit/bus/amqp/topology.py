"""The exchanges, queues and bindings of a bus.

Each is declared as often as it is needed: where it is there already and the same, nothing happens; where it is another,
that is an error.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, Final

from aiormq.channel import Channel
from aiormq.connection import Connection

from eventkit.bus.amqp import last_value, past, state
from eventkit.bus.amqp.connection import Link, close
from eventkit.bus.amqp.errors import Missing, Unroutable, answered
from eventkit.bus.amqp.groups import Group, Groups
from eventkit.bus.amqp.names import MAX_NAME, Names
from eventkit.bus.amqp.new_queues import Made, make, written
from eventkit.bus.amqp.publisher import Publisher
from eventkit.bus.amqp.unrouted import take_over
from eventkit.contract.envelope import new_id
from eventkit.contract.errors import ConfigurationError, RefusedError

# What a server routed before it knew of a binding may still be on its way to the queue of what is unrouted.
_LATE: Final = 0.2

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
        self.groups = Groups(link, publisher, names)
        self._link = link
        self._publisher = publisher
        self._names = names
        self._create = create
        self._unrouted = unrouted
        self._exchanges: dict[str, Connection] = {}  # on which it was seen that they are there
        self._declaring: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def knows_none(self) -> bool:
        """Whether no exchange was seen yet."""
        return not self._exchanges

    async def exchange(self, type: str) -> str:
        """Return the exchange of a type's domain, which is there now; raises EventkitError.

        It is looked at anew where the connection has ended: the server may have been started again without it.
        """
        name = self._names.exchange(type)
        if not self._is_known(name):
            async with self._declaring[name]:  # once for all who begin to publish there together
                if not self._is_known(name):
                    await self._make_domain(self._names.streams.of(type), name)
        return name

    async def is_there(self, exchange: str) -> bool:
        """Tell whether there is an exchange; makes none. Raises BusError."""
        try:
            async with self._channel() as channel, answered(self._link.where):
                await channel.exchange_declare(exchange, passive=True)
        except Missing:
            return False
        return True

    def forget(self, exchange: str) -> None:
        """Take an exchange for deleted."""
        self._exchanges.pop(exchange, None)

    async def prepare(self, group: str, types: Collection[str]) -> Mapping[int, str]:
        """Make what a group needs, and let it take over what was kept of types that are new to it.

        Returns:
            Which partitions have a past that is to be read first, each with the end of it.

        Raises:
            ConfigurationError: Something of the same name is something else, or the group has other partitions.
            BusError: RabbitMQ cannot be used, or with `create` off something is missing.
        """
        if not self._create:
            known = await self._known(group)
            await self._check(group, types)
            return {} if known is None else known.past
        async with self._link.lock(self._names.starting(group)):
            made_groups = await self.groups.make()
            known = await self._known(group)
            exchanges = {self._names.exchange(type) for type in types}
            made = [await self._make_unrouted(exchange) for exchange in exchanges]
            if known is None:
                made.append(await make(self._link, self._queues(group)))
            await self._written(made_groups, made)
            async with self._channel() as channel:
                for exchange in exchanges:
                    await self._declare_exchange(channel, exchange)
                await self._declare_group(channel, group)
            begins = known is None
            if known is None:
                for partition in range(self._names.partitions):
                    await last_value.write(self._publisher, self._names.state(group, partition), state.NOTHING)
                known = Group(self._names.partitions, frozenset())
            new = set(types) - known.types
            await self._bind(group, types)
            called = known.called(types, self._names.streams)
            if new or begins:
                ends = {**known.past, **await self._take_over(group, new)}
                called = replace(called, types=known.types | new, past=ends)
            if called != known or begins:
                await self.groups.put(group, called)
            return called.past

    async def end_past(self, group: str, partition: int, end: str) -> bool:
        """Delete the queue of a past of which all is settled; raises BusError.

        Args:
            group: The group.
            partition: The partition.
            end: The end before which all is settled.

        Returns:
            False where the group has taken over more, and the past goes on after this end.
        """
        async with self._link.lock(self._names.starting(group)):
            known = (await self.groups.read()).groups.get(group)
            if known is not None and known.past.get(partition, end) != end:
                return False
            async with self._channel() as channel, answered(self._link.where):
                await channel.queue_delete(self._names.past(group, partition))
            if known is not None:
                rest = {number: each for number, each in known.past.items() if number != partition}
                await self.groups.put(group, replace(known, past=rest))
        return True

    async def declare_queue(self, channel: Channel, name: str, arguments: Mapping[str, Any]) -> None:
        """Make a durable queue, or see whether it is there."""
        async with answered(self._link.where):
            if self._create:
                await channel.queue_declare(name, durable=True, arguments=dict(arguments))
            else:
                await channel.queue_declare(name, passive=True)

    def _is_known(self, exchange: str) -> bool:
        connection = self._exchanges.get(exchange)
        return connection is not None and connection.is_opened

    async def _make_domain(self, domain: str, exchange: str) -> None:
        if len(exchange) > MAX_NAME:
            raise RefusedError(
                f"{exchange!r} is too long for RabbitMQ",
                where=self._link.where,
                mend=f"give {domain} a name in `streams`",
            )
        connection = await self._link.connection()
        if self._create:
            made = [await self._make_unrouted(exchange)]
            await self._written(await self.groups.make(), made)
        async with self._channel() as channel:
            await self._declare_exchange(channel, exchange)
        if self._create:
            await self.groups.put_domain(domain)
        self._exchanges[exchange] = connection

    async def _make_unrouted(self, exchange: str) -> Made | None:
        """Make the queue of a domain that is new; return what is to be written before the domain gets its exchange."""
        if await self.is_there(exchange):
            return None
        queue = self._names.unrouted(exchange)
        async with self._link.lock(f"{queue}.lock"):
            return await make(self._link, {queue: self._of_unrouted()})

    async def _written(self, groups: Made | None, others: Sequence[Made | None]) -> None:
        """Wait until RabbitMQ will not forget what was made."""
        for each in (groups, *others):
            if each is not None:
                await written(self._link, each)
        if groups is not None:
            await self.groups.made()

    def _queues(self, group: str) -> dict[str, Mapping[str, Any]]:
        queues: dict[str, Mapping[str, Any]] = {self._names.dead(group): self._kept()}
        for partition in range(self._names.partitions):
            queues[self._names.queue(group, partition)] = self._of_events(group)
            queues[self._names.state(group, partition)] = last_value.ARGUMENTS
        return queues

    async def _declare_group(self, channel: Channel, group: str) -> None:
        for queue, arguments in self._queues(group).items():
            await self.declare_queue(channel, queue, arguments)
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
            await channel.queue_declare(unrouted, durable=True, arguments=self._of_unrouted())
            await channel.queue_bind(unrouted, unrouted)
            groups = self._names.groups_of(name)
            await channel.exchange_declare(
                groups, exchange_type="direct", durable=True, arguments={"alternate-exchange": unrouted}
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

    async def _take_over(self, group: str, types: Collection[str]) -> Mapping[int, str]:
        pasts = [self._names.past(group, partition) for partition in range(self._names.partitions)]
        made = False

        async def past_of(slot: int) -> str:
            nonlocal made
            if not made:
                await written(self._link, await make(self._link, dict.fromkeys(pasts, self._of_events(group))))
                made = True
            return pasts[self._names.partition(slot)]

        for exchange in sorted({self._names.exchange(type) for type in types}):
            queue = self._names.unrouted(exchange)
            while count := await take_over(self._link, self._publisher, queue, types, past_of):
                logger.info("%s takes over %d events that waited in %s", group, count, queue)
                await asyncio.sleep(_LATE)
        return await self._end_pasts(group)

    async def _end_pasts(self, group: str) -> Mapping[int, str]:
        """Mark the end of what was taken over, also by an instance that began with it and did not get here."""
        end, ends = new_id(), {}
        for partition in range(self._names.partitions):
            with suppress(Unroutable):  # there is none
                await past.end(self._publisher, self._names.past(group, partition), end)
                ends[partition] = end
        return ends

    async def _known(self, group: str) -> Group | None:
        """Return what is known of a group; raises ConfigurationError where it has other partitions."""
        known = (await self.groups.read()).groups.get(group)
        if known is not None and known.partitions != self._names.partitions:
            raise self._other_partitions(group, known.partitions)
        return known

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

    def _of_events(self, group: str) -> dict[str, Any]:
        """Return the arguments of a queue of a partition's events.

        Whatever takes a message away from us, as a policy of the broker's operator, makes a dead letter of it.
        """
        return {
            **self._kept(),
            "x-single-active-consumer": True,
            "x-overflow": "reject-publish",
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": self._names.dead(group),
            "x-dead-letter-strategy": "at-least-once",
        }

    def _of_unrouted(self) -> dict[str, Any]:
        """Return the arguments of a queue of what no group has a queue for."""
        # One more for the fence of a take-over, which must push nothing out.
        return {**self._kept(), "x-max-length": self._unrouted + 1, "x-overflow": "drop-head"}

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
