"""What the groups have not handled yet.

RabbitMQ tells its clients how many messages of a queue are at nobody. Of those that are at instances, and of what
became of them, the instances themselves tell, when they are asked on their exchange.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from aiormq.abc import DeliveredMessage

from eventkit.bus.amqp.browse import MOST
from eventkit.bus.amqp.connection import Link, close
from eventkit.bus.amqp.dead_letters import AMQPDeadLetters
from eventkit.bus.amqp.errors import Missing, Unroutable, answered
from eventkit.bus.amqp.groups import Group, Groups
from eventkit.bus.amqp.names import Names
from eventkit.bus.amqp.presence import ask
from eventkit.bus.amqp.publisher import Publisher
from eventkit.bus.group_queue import GroupQueue, State
from eventkit.bus.naming import Streams
from eventkit.bus.protocol import Lag
from eventkit.contract.envelope import Envelope, new_id

_ANSWER_WITHIN: Final = 1.0


@dataclass(slots=True)
class Held:
    """What instances have of one domain.

    Args:
        waiting: Events that wait for their turn.
        out: Events that are being handled.
        retrying: Events that wait for another call.
        oldest: When the oldest was published, in seconds since 1970; 0 where nothing tells.
    """

    waiting: int = 0
    out: int = 0
    retrying: int = 0
    oldest: float = 0.0

    def add(self, other: Held) -> None:
        """Count what another instance has, too."""
        self.waiting += other.waiting
        self.out += other.out
        self.retrying += other.retrying
        self.oldest = min((each for each in (self.oldest, other.oldest) if each), default=0.0)


def held(queue: GroupQueue, streams: Streams) -> dict[str, list[float]]:
    """Return what an instance has of each domain, as it answers; the names of streams stand for domains."""
    states: defaultdict[str, Counter[State]] = defaultdict(Counter)
    oldest: dict[str, float] = {}
    for item, state in queue.unsettled():
        domain = streams.of(item.message.type) if isinstance(item.message, Envelope) else ""
        states[domain][state] += 1
        if item.at:
            oldest[domain] = min(item.at, oldest.get(domain, item.at))
    return {
        domain: [count[State.WAITING], count[State.OUT], count[State.RETRYING], oldest.get(domain, 0.0)]
        for domain, count in states.items()
    }


class Lags:
    """Finds out what is not handled.

    Args:
        link: The connection on which queues are looked at.
        publisher: Where instances are asked.
        names: What things are called.
        groups: Which groups there are.
        dead_letters: The dead letters.
    """

    def __init__(
        self, link: Link, publisher: Publisher, names: Names, groups: Groups, dead_letters: AMQPDeadLetters
    ) -> None:
        self._link = link
        self._publisher = publisher
        self._names = names
        self._groups = groups
        self._dead_letters = dead_letters

    async def all(self) -> list[Lag]:
        """Return what is not handled, sorted by group and domain; raises BusError."""
        found: list[Lag] = []
        for name, group in sorted((await self._groups.read()).groups.items()):
            found += await self._of(name, group)
        return found

    async def _of(self, name: str, group: Group) -> Sequence[Lag]:
        ready, instances, dead_letters = await self._counts(name, group)
        at_instances = await self._held(name) if instances else {}
        dead: Counter[str] = Counter()
        if dead_letters:
            letters = await self._dead_letters.list(group=name, limit=MOST)
            dead.update(group.stream_of(letter.type) for letter in letters)
        domains = set(map(group.stream_of, group.types))
        return [
            # A queue holds all domains of its group, and RabbitMQ counts messages, whatever they are.
            _lag(name, domain, at_instances.get(domain, Held()), ready if domain in domains else 0, dead[domain])
            for domain in sorted(domains | dead.keys())
        ]

    async def _counts(self, name: str, group: Group) -> tuple[int, int, int]:
        """Return how many messages are at nobody, how many consumers there are, and how many dead letters."""
        names = replace(self._names, partitions=group.partitions)
        ready = readers = 0
        for partition in range(group.partitions):
            messages, consumers = await self._count(names.queue(name, partition))
            ready += messages
            readers += consumers
        for partition in group.past:
            messages, consumers = await self._count(names.past(name, partition))
            ready += max(0, messages - 1)  # its end is no event
            readers += consumers
        dead, _ = await self._count(names.dead(name))
        return ready, readers, dead

    async def _count(self, queue: str) -> tuple[int, int]:
        channel = await self._link.channel()
        try:
            async with answered(self._link.where):
                found = await channel.queue_declare(queue, passive=True)
        except Missing:
            return 0, 0
        finally:
            await close(channel)
        return found.message_count or 0, found.consumer_count or 0

    async def _held(self, group: str) -> dict[str, Held]:
        """Return what all instances of a group have; those that do not answer in time have nothing."""
        answers: asyncio.Queue[DeliveredMessage] = asyncio.Queue()
        queue = f"{self._names.instances(group)}.{new_id()}"
        channel = await self._link.channel()
        total: defaultdict[str, Held] = defaultdict(Held)
        try:
            async with answered(self._link.where):
                await channel.queue_declare(queue, exclusive=True, auto_delete=True)
                await channel.basic_consume(queue, answers.put, no_ack=True)
            with suppress(Unroutable, TimeoutError):
                await ask(self._publisher, self._names.instances(group), queue)
                async with asyncio.timeout(_ANSWER_WITHIN):
                    waited_for, heard = {""}, {""}
                    while waited_for - heard or len(heard) == 1:
                        answer = json.loads((await answers.get()).body)
                        waited_for.update(answer["members"])
                        heard.add(answer["name"])
                        for domain, (waiting, out, retrying, oldest) in answer["held"].items():
                            total[domain].add(Held(waiting, out, retrying, oldest))
        finally:
            await close(channel)
        return total


def _lag(group: str, domain: str, at_instances: Held, ready: int, dead: int) -> Lag:
    return Lag(
        group,
        domain,
        waiting=ready + at_instances.waiting,
        out=at_instances.out,
        retrying=at_instances.retrying,
        dead=dead,
        oldest=datetime.fromtimestamp(at_instances.oldest, UTC) if at_instances.oldest else None,
    )
