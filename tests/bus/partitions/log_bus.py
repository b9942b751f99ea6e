"""The smallest bus on logs: a broker in memory that knows partitions, owners and saved progress, and nothing of events.

It is there to run the suite for buses on what `eventkit.bus.partitions` gives all of them. It can be told to fail.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from eventkit.bus.partitions.cursor import Cursor
from eventkit.bus.partitions.keys import partition_of
from eventkit.bus.partitions.log_subscription import LogSubscription
from eventkit.bus.partitions.shares import shares
from eventkit.bus.protocol import Bus, Capabilities, DeadLetter, Lag
from eventkit.contract.codec import from_headers, to_headers
from eventkit.contract.envelope import Envelope, new_id
from eventkit.contract.errors import BusError, PublishError
from eventkit.delivery.subscription import Dead
from eventkit.delivery.worker import WorkerOptions

PARTITIONS = 4


@dataclass
class Broker:
    """What outlives its buses."""

    logs: defaultdict[tuple[str, int], list[Envelope]] = field(default_factory=lambda: defaultdict(list))
    saved: dict[tuple[str, str, int], str] = field(default_factory=dict)
    dead: dict[str, DeadLetter] = field(default_factory=dict)
    members: defaultdict[str, dict[str, LogBusSubscription]] = field(default_factory=lambda: defaultdict(dict))
    owners: dict[tuple[str, int], str] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    changes: int = 0
    down: bool = False
    saves: int = 0

    async def notify(self) -> None:
        self.changes += 1
        async with self.changed:
            self.changed.notify_all()

    def connect(self, **settings: Any) -> LogBus:
        return LogBus(self, **settings)


class LogBus(Bus):
    capabilities = Capabilities(durable=True, processes=True, partitioned=True, history=True)

    def __init__(self, broker: Broker, *, lease: float = 30.0, concurrency: int = 64, grace: float = 30.0) -> None:
        self.url = "log://"
        self.options = WorkerOptions(concurrency=concurrency, grace=grace)
        self.broker = broker
        self._lease = lease
        self._open = False
        self._subscriptions: list[LogBusSubscription] = []

    async def open(self) -> None:
        self._open = True

    async def close(self) -> None:
        self._open = False
        for subscription in self._subscriptions:
            await subscription.abort()

    async def publish(self, envelope: Envelope) -> None:
        if not self._open:
            raise PublishError("the bus is not open")
        self.require_publishable(envelope)
        domain = envelope.type.partition(".")[0]
        self.broker.logs[domain, partition_of(envelope, PARTITIONS)].append(envelope)
        await self.broker.notify()

    async def subscribe(self, group: str, types: Collection[str]) -> LogBusSubscription:
        if not self._open:
            raise BusError("the bus is not open")
        subscription = LogBusSubscription(self.broker, group, frozenset(types), self._lease)
        self._subscriptions.append(subscription)
        await subscription.join()
        return subscription

    async def ping(self) -> None:
        if not self._open or self.broker.down:
            raise BusError("the broker is down")

    async def lag(self) -> Sequence[Lag]:
        raise BusError("this bus is for handling events, and not for looking at them")

    def follow(
        self, types: Collection[str] | None = None, *, since: datetime | None = None
    ) -> AsyncGenerator[Envelope, None]:
        raise BusError("this bus is for handling events, and not for looking at them")

    @property
    def dead_letters(self) -> LogDeadLetters:
        return LogDeadLetters(self.broker)


class LogBusSubscription(LogSubscription):
    def __init__(self, broker: Broker, group: str, types: frozenset[str], lease: float) -> None:
        super().__init__(group, lease)
        self._broker = broker
        self._types = types
        self._name = new_id()
        self._logs = [*sorted({each.partition(".")[0] for each in types}), f"replay.{group}"]
        self._running: asyncio.Task[None] | None = None

    async def _join(self) -> None:
        if self._broker.down:
            raise BusError("the broker is down")
        self._broker.members[self.group][self._name] = self
        self._running = asyncio.create_task(self._run())
        await self._broker.notify()

    async def _resign(self) -> None:
        self._broker.members[self.group].pop(self._name, None)
        await self._broker.notify()

    async def _leave(self) -> None:
        await self._resign()
        if self._running is not None:
            self._running.cancel()
        for place, owner in list(self._broker.owners.items()):
            if owner == self._name:
                del self._broker.owners[place]
        await self._broker.notify()

    async def _save(self, cursors: Collection[Cursor]) -> None:
        texts = [(cursor, cursor.to_json()) for cursor in cursors]
        await asyncio.sleep(0)
        if self._broker.down:
            raise BusError("the broker is down")
        self._broker.saves += 1
        for cursor, text in texts:
            if self._broker.owners.get((self.group, cursor.partition)) == self._name:
                self._broker.saved[self.group, cursor.log, cursor.partition] = text
            else:
                self.lose(cursor.partition)

    async def _bury(self, dead: Dead) -> bool:
        if self._broker.down:
            raise BusError("the broker is down")
        envelope = dead.delivery.message
        assert isinstance(envelope, Envelope)
        letter = DeadLetter(
            new_id(),
            self.group,
            envelope.type,
            dead.reason,
            (*dead.delivery.failures, dead.failure),
            to_headers(envelope),
            envelope.data,
            datetime.now(UTC),
        )
        self._broker.dead[letter.id] = letter
        return True

    async def _free(self, partition: int) -> None:
        self._broker.owners.pop((self.group, partition), None)
        await self._broker.notify()

    async def _run(self) -> None:
        handing_over: set[int] = set()
        async with asyncio.TaskGroup() as tasks:
            while True:
                seen = self._broker.changes
                members = self._broker.members[self.group]
                if self._name in members:
                    mine = shares(members, PARTITIONS)[self._name]
                    for partition in self.owned - mine - handing_over:
                        handing_over.add(partition)
                        tasks.create_task(self.hand_over(partition)).add_done_callback(
                            lambda _, partition=partition: handing_over.discard(partition)
                        )
                    for partition in mine - self.owned:
                        if (self.group, partition) not in self._broker.owners:
                            self._broker.owners[self.group, partition] = self._name
                            cursors = [self._cursor(log, partition) for log in self._logs]
                            self.own(partition, cursors)
                            await self.save(cursors)
                for partition in self.owned - handing_over:
                    for cursor in self._cursors[partition]:
                        for each in (*cursor.unread, cursor):
                            self._read(each)
                async with self._broker.changed:
                    # Also what changed since then, while something was being saved.
                    await self._broker.changed.wait_for(lambda seen=seen: self._broker.changes != seen)

    def _cursor(self, log: str, partition: int) -> Cursor:
        text = self._broker.saved.get((self.group, log, partition))
        cursor = Cursor(log, partition, 0) if text is None else Cursor.from_json(log, partition, text)
        cursor.cover({each for each in self._types if each.partition(".")[0] == log}, first=0)
        return cursor

    def _read(self, cursor: Cursor) -> None:
        log = self._broker.logs[cursor.log, cursor.partition]
        for place in range(cursor.read, len(log) if cursor.until is None else cursor.until):
            envelope = log[place]
            if envelope.type in cursor.types or cursor.log.startswith("replay."):
                self.feed(cursor, place, envelope)
            else:
                cursor.skip(place)


class LogDeadLetters:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def list(self, *, group: str | None = None, limit: int = 100) -> Sequence[DeadLetter]:
        return [each for each in self._broker.dead.values() if group in (None, each.group)][:limit]

    async def get(self, id: str) -> DeadLetter | None:
        return self._broker.dead.get(id)

    async def replay(self, ids: Collection[str]) -> int:
        letters = [self._broker.dead.pop(id) for id in dict.fromkeys(ids) if id in self._broker.dead]
        for letter in letters:
            envelope = from_headers(letter.headers, letter.body)
            self._broker.logs[f"replay.{letter.group}", partition_of(envelope, PARTITIONS)].append(envelope)
        await self._broker.notify()
        return len(letters)

    async def drop(self, ids: Collection[str]) -> int:
        return len([self._broker.dead.pop(id) for id in dict.fromkeys(ids) if id in self._broker.dead])
