"""Which groups and domains there are. RabbitMQ does not tell its clients which queues and exchanges it has."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from eventkit.bus.amqp import last_value
from eventkit.bus.amqp.connection import Link, close
from eventkit.bus.amqp.errors import Blocked, Missing, answered
from eventkit.bus.amqp.names import Names
from eventkit.bus.amqp.new_queues import Made, make
from eventkit.bus.amqp.publisher import Publisher
from eventkit.bus.naming import Streams, domain_of

_NOTHING: Final = b'{"groups": {}, "domains": []}'


@dataclass(frozen=True, slots=True)
class Group:
    """What is known of a group.

    Args:
        partitions: How many partitions its queues stand for.
        types: The event types that its queues are bound to.
        past: Which partitions have taken something over that is not settled yet, each with the end of it.
        streams: What the group's own instances call the streams of types, where that is not the domain.
    """

    partitions: int
    types: frozenset[str]
    past: Mapping[int, str] = field(default_factory=dict)
    streams: Mapping[str, str] = field(default_factory=dict)

    def stream_of(self, type: str) -> str:
        """Return the name of a type's stream, or its domain, as the group's own instances have it."""
        return self.streams.get(type) or domain_of(type)

    def called(self, types: Collection[str], streams: Streams) -> Group:
        """Return the group with what an instance of it calls the streams of some types."""
        names = {type: streams.of(type) for type in types}
        return replace(
            self,
            streams={type: name for type, name in {**self.streams, **names}.items() if name != domain_of(type)},
        )


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a bus.

    Args:
        groups: The groups by their names.
        domains: The domains in which something was published or is handled; their streams' names, where given.
    """

    groups: Mapping[str, Group] = field(default_factory=dict)
    domains: frozenset[str] = frozenset()


class Groups:
    """The groups and domains of a bus.

    Args:
        link: The connection on which they are read.
        publisher: Where changes go.
        names: What things are called.
    """

    def __init__(self, link: Link, publisher: Publisher, names: Names) -> None:
        self._link = link
        self._publisher = publisher
        self._queue = names.groups

    async def read(self) -> Known:
        """Return what is known; raises BusError."""
        async with self._link.lock(f"{self._queue}.lock"):
            return await self._read()

    async def make(self) -> Made | None:
        """Make the queue that keeps them, where there was never one; raises BusError.

        Returns:
            What is to be `written` before it is `made`; None where it is there.
        """
        channel = await self._link.channel()
        try:
            async with answered(self._link.where):
                await channel.exchange_declare(self._queue, passive=True)
                await channel.queue_declare(self._queue, passive=True)
        except Missing:
            async with self._link.lock(f"{self._queue}.lock"):
                is_new = not await self._exists()
                made = await make(self._link, {self._queue: last_value.ARGUMENTS})
                if is_new and not await self._publisher.link.is_blocked():
                    # Who reads a queue that is empty cannot know that nobody has the document, and waits for it.
                    with suppress(Blocked):
                        await last_value.write(self._publisher, self._queue, _NOTHING)
                return made
        finally:
            await close(channel)
        return None

    async def made(self) -> None:
        """Note that RabbitMQ will not forget the queue: by an exchange, because the queue may not answer."""
        channel = await self._link.channel()
        try:
            async with answered(self._link.where):
                await channel.exchange_declare(self._queue, exchange_type="fanout", durable=True)
        finally:
            await close(channel)

    async def put(self, name: str, group: Group) -> None:
        """Add a group, or replace what is known of it; raises BusError."""
        await self._change(
            lambda known: Known({**known.groups, name: group}, known.domains | set(map(group.stream_of, group.types))),
        )

    async def put_domain(self, domain: str) -> None:
        """Add a domain; raises BusError."""
        await self._change(lambda known: replace(known, domains=known.domains | {domain}))

    async def _change(self, change: Callable[[Known], Known]) -> None:
        async with self._link.lock(f"{self._queue}.lock"):
            await self._create()
            before = await self._read()
            after = change(before)
            if after != before:
                await last_value.write(self._publisher, self._queue, _to_json(after))

    async def _create(self) -> None:
        if not await self._exists():
            channel = await self._link.channel()
            async with answered(self._link.where):
                await channel.queue_declare(self._queue, durable=True, arguments=dict(last_value.ARGUMENTS))
                await close(channel)
            await last_value.write(self._publisher, self._queue, _NOTHING)

    async def _exists(self) -> bool:
        channel = await self._link.channel()
        try:
            async with answered(self._link.where):
                await channel.queue_declare(self._queue, passive=True)
                await close(channel)
        except Missing:
            return False
        return True

    async def _read(self) -> Known:
        if not await self._exists():
            return Known()
        channel = await self._link.channel()
        document = await last_value.read(channel, self._queue, self._link.where)
        await close(channel)
        return _from_json(document or _NOTHING)


def _to_json(known: Known) -> bytes:
    groups = {
        name: {
            "partitions": group.partitions,
            "types": sorted(group.types),
            "past": {str(partition): end for partition, end in group.past.items()},
            "streams": dict(sorted(group.streams.items())),
        }
        for name, group in known.groups.items()
    }
    return json.dumps({"groups": groups, "domains": sorted(known.domains)}).encode()


def _from_json(document: bytes) -> Known:
    read = json.loads(document)
    groups = {
        name: Group(
            each["partitions"],
            frozenset(each["types"]),
            {int(partition): end for partition, end in each["past"].items()},
            each.get("streams", {}),
        )
        for name, each in read["groups"].items()
    }
    return Known(groups, frozenset(read["domains"]))
