"""Which instances of a group are there.

Each has a queue of its own, which RabbitMQ deletes when the instance's connection ends. A new one says `here` to all,
on an exchange of the group; the others answer. From then on each writes to the next one, in a ring, once a second; a
message that no queue takes tells that the next one is gone, and whoever finds that out tells all.

Nothing is decided here. Who may read a partition is decided by RabbitMQ, which lets one at a time; presence says who
should ask for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from pamqp.commands import Basic

from eventkit.bus.amqp.connection import Link, close
from eventkit.bus.amqp.errors import Blocked, Unroutable, answered, gone
from eventkit.bus.amqp.publisher import Publisher
from eventkit.contract.envelope import new_id
from eventkit.contract.errors import BusError

PERIOD: Final = 1.0
"""Seconds between two messages to the next instance."""

logger: Final = logging.getLogger("eventkit.bus.amqp")


class Presence:
    """One instance's view of its group.

    Args:
        link: The connection that it lives with.
        publisher: Where it speaks.
        exchange: The group's exchange.
        types: The event types that it handles.
        changed: Is called when another instance comes or goes.
        lost: Is called when the connection has ended, and this instance is gone for the others.
        held: Tells what this instance has of each domain, for those who ask.
    """

    def __init__(
        self,
        link: Link,
        publisher: Publisher,
        exchange: str,
        types: Collection[str],
        changed: Callable[[], None],
        lost: Callable[[BusError], None],
        held: Callable[[], object],
    ) -> None:
        self.name = f"{exchange}.{new_id()}"
        self._link = link
        self._publisher = publisher
        self._exchange = exchange
        self._members = {self.name: frozenset(types)}
        self._changed = changed
        self._lost = lost
        self._held = held
        self._leaving = False
        self._introduced = False
        self._channel: Channel | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._answers: set[asyncio.Task[None]] = set()

    @property
    def members(self) -> Collection[str]:
        """The instances that should share the partitions: those that handle all types that any of them handles.

        While a version with new handlers replaces one without, the events of the new types go to instances that know
        them. Where no instance handles all, all count.
        """
        all_types = frozenset[str]().union(*self._members.values())
        return [name for name, types in self._members.items() if types == all_types] or list(self._members)

    async def appear(self) -> None:
        """Be there; raises BusError."""
        self._channel = await self._link.channel()
        self._channel.closing.add_done_callback(self._closed)
        async with answered(self._link.where):
            await self._channel.queue_declare(self.name, exclusive=True, auto_delete=True)
            await self._channel.queue_bind(self.name, self._exchange)
            await self._channel.basic_consume(self.name, self._hear, no_ack=True)
        try:
            await self._introduce()
        except Blocked as error:
            logger.warning("%s: other instances do not hear of a new one yet: %s", self._exchange, error)
        self._speaking = asyncio.create_task(self._speak())

    async def vanish(self) -> None:
        """Be gone."""
        self._leaving = True
        if self._speaking is not None:
            self._speaking.cancel()
        for answer in self._answers:
            answer.cancel()
        if self._channel is not None and not self._channel.is_closed:
            await close(self._channel)  # and RabbitMQ deletes the queue
            await self._try_to_say("gone", self._exchange, "", self.name)

    async def _hear(self, message: DeliveredMessage) -> None:
        with suppress(ValueError, KeyError, TypeError):  # what others may put there is not our concern
            said = json.loads(message.body)
            name = str(said["name"])
            if name == self.name:
                return
            if said["says"] == "gone":
                self._forget(name)
            elif said["says"] == "asks":
                self._later(self._answer(name))
            elif name not in self._members:
                self._members[name] = frozenset(map(str, said["types"]))
                self._changed()
                self._later(self._try_to_say("here", "", name))

    def _closed(self, closing: asyncio.Future[object]) -> None:
        error = None if closing.cancelled() else closing.exception()
        if not self._leaving:
            self._leaving = True
            self._lost(gone(self._link.where, error))

    async def _speak(self) -> None:
        while True:
            await asyncio.sleep(PERIOD)
            if not self._introduced:
                with suppress(BusError):
                    await self._introduce()
            names = sorted(self._members)
            following = names[(names.index(self.name) + 1) % len(names)]
            if following != self.name:
                await self._look_after(following)

    async def _introduce(self) -> None:
        await self._say("here", self._exchange, "")
        self._introduced = True

    async def _look_after(self, name: str) -> None:
        try:
            await self._say("here", "", name)
        except Unroutable:
            self._forget(name)
            await self._try_to_say("gone", self._exchange, "", name)
        except BusError as error:
            logger.debug("%s could not be asked whether it is there: %s", name, error)

    def _forget(self, name: str) -> None:
        if self._members.pop(name, None) is not None:
            self._changed()

    def _later(self, coroutine: object) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(coroutine)  # type: ignore[call-overload]
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, who: str) -> None:
        said = {"name": self.name, "members": list(self._members), "held": self._held()}
        with suppress(BusError):
            await _send(self._publisher, said, "", who)

    async def _try_to_say(self, what: str, exchange: str, key: str, name: str | None = None) -> None:
        with suppress(BusError):
            await self._say(what, exchange, key, name)

    async def _say(self, what: str, exchange: str, key: str, name: str | None = None) -> None:
        said = {"says": what, "name": name or self.name, "types": sorted(self._members[self.name])}
        await _send(self._publisher, said, exchange, key)


async def ask(publisher: Publisher, exchange: str, queue: str) -> None:
    """Ask all instances of a group what they have.

    Args:
        publisher: Where it is asked.
        exchange: The group's exchange.
        queue: Where they answer: each with its name, all names that it knows, and what it has of each domain.

    Raises:
        Unroutable: There are none.
        BusError: RabbitMQ cannot be used.
    """
    await _send(publisher, {"says": "asks", "name": queue}, exchange, "")


async def _send(publisher: Publisher, said: object, exchange: str, key: str) -> None:
    properties = Basic.Properties(content_type="application/json")
    await publisher.publish_now(json.dumps(said).encode(), properties, exchange, key)
