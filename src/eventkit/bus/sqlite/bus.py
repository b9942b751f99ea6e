"""`SQLiteBus`: the bus over one file."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from eventkit.bus.naming import NO_NAMES, GivenNames, Streams
from eventkit.bus.protocol import Bus, Capabilities, Lag
from eventkit.bus.settings import MOST_DAYS, require
from eventkit.bus.sqlite.bell import Bell
from eventkit.bus.sqlite.claims import Instance
from eventkit.bus.sqlite.database import Database
from eventkit.bus.sqlite.dead_letters import SQLiteDeadLetters
from eventkit.bus.sqlite.follow import LOOK_EVERY, position_at, published_after
from eventkit.bus.sqlite.lag import lag
from eventkit.bus.sqlite.log import Entry, append, join, prune
from eventkit.bus.sqlite.presence import appear
from eventkit.bus.sqlite.subscription import SQLiteSubscription, message_of
from eventkit.bus.sqlite.transaction import Transaction
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, PublishError
from eventkit.delivery.subscription import Unreadable
from eventkit.delivery.worker import WorkerOptions

DAY: Final = 86_400.0
PRUNE_EVERY: Final = 60.0

logger = logging.getLogger("eventkit.bus.sqlite")


class SQLiteBus(Bus):
    """A durable bus for the processes of one machine.

    The file belongs on a local disk: SQLite's WAL does not work on network file systems. Other programs may read it.

    Args:
        url: As given to `connect`.
        path: The file, in a folder that exists.
        options: How its workers run.
        lease: Seconds after which the events of a process that died go to another instance.
        retention: Days for which events are kept for groups that come later; what a group has not handled stays longer.
        create: Make the file if it does not exist.
        streams: What the streams of domains or types are called; here that is only shown, by `lag`.

    Raises:
        ConfigurationError: A value out of its range.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(durable=True, processes=True, partitioned=False, history=True)

    def __init__(
        self,
        url: str,
        path: str,
        options: WorkerOptions,
        *,
        lease: float = 30.0,
        retention: float = 7.0,
        create: bool = True,
        streams: GivenNames = NO_NAMES,
    ) -> None:
        rules = (
            (f"{lease=}", 0 < lease < math.inf, "more than 0 seconds"),
            (f"{retention=}", 0 <= retention <= MOST_DAYS, f"0 to {MOST_DAYS:,} days"),
        )
        require(url, rules)
        self.url = url
        self.options = options
        self._lease = lease
        self._streams = Streams(streams, url)
        self._retention = retention * DAY
        self._database = Database(Path(path).absolute(), create=create)
        self._dead_letters = SQLiteDeadLetters(self._database)
        self._subscriptions: list[SQLiteSubscription] = []
        self._pruner: asyncio.Task[None] | None = None

    @property
    def dead_letters(self) -> SQLiteDeadLetters:
        """The dead letters of all groups."""
        return self._dead_letters

    async def open(self) -> None:
        """Open the file, and make it if there is none, unless `create` is false.

        Raises:
            BusError: It is not there, it cannot be read and written, it is locked, or its folder does not exist.
            ConfigurationError: It is something else than a bus's file.
        """
        await self._database.open()

    async def close(self) -> None:
        """Finish what was asked for, and close the file."""
        if self._pruner is not None:
            self._pruner.cancel()
            self._pruner = None
        subscriptions, self._subscriptions = self._subscriptions, []
        for subscription in subscriptions:
            with contextlib.suppress(BusError):
                await subscription.close()
        await self._database.close()

    async def publish(self, envelope: Envelope) -> None:
        """Store one event; return when it is on disk."""
        self.require_publishable(envelope)
        self._keep_pruned()
        try:
            await self._database.submit(partial(append, entry=Entry.of(envelope)))
        except BusError as error:
            raise PublishError(error.what, where=error.where, mend=error.mend) from error

    async def subscribe(self, group: str, types: Collection[str]) -> SQLiteSubscription:
        """Register the group for event types, if it is not yet, and return this instance's share of its events."""
        self._keep_pruned()
        bell = Bell()
        port = await bell.open()
        try:
            instance = await self._database.submit(partial(self._enter, name=group, types=types, port=port))
        except BaseException:
            bell.close()
            raise
        subscription = SQLiteSubscription(self._database, instance, bell, port)
        self._subscriptions = [*(each for each in self._subscriptions if not each.signed_off), subscription]
        return subscription

    async def ping(self) -> None:
        """Begin a transaction in the file and end it; raises BusError where that is not possible."""
        await self._database.submit(lambda transaction: None, durable=False)

    async def lag(self) -> Sequence[Lag]:
        """Return what is not handled yet, sorted by group and domain."""
        return await self._database.read(partial(lag, streams=self._streams))

    async def follow(
        self, types: Collection[str] | None = None, *, since: datetime | None = None
    ) -> AsyncGenerator[Envelope | Unreadable, None]:
        """Yield events as they are published, until the bus is closed."""
        start = None if since is None else since.timestamp()
        position = await self._database.read(partial(position_at, since=start))
        while self._database.is_open:
            found = await self._database.read(partial(published_after, position=position))
            for each in found:
                position = each.seq
                message = message_of(each.headers, each.body)
                if types is None or (isinstance(message, Envelope) and message.type in types):
                    yield message
            if not found:
                await asyncio.sleep(LOOK_EVERY)

    def _enter(self, transaction: Transaction, name: str, types: Collection[str], port: int | None) -> Instance:
        group = join(transaction, name, types)
        instance = Instance(random.getrandbits(62), group, frozenset(types), self._lease)
        appear(transaction, instance, port)
        return instance

    def _keep_pruned(self) -> None:
        """Begin to remove old events; whoever only looks at the bus removes none, with whatever retention."""
        if self._pruner is None and self._database.is_open:
            self._pruner = asyncio.create_task(self._prune())

    async def _prune(self) -> None:
        while True:
            try:
                while await self._database.submit(partial(prune, keep=self._retention), durable=False):
                    pass
            except BusError as error:
                logger.warning("old events could not be removed: %s", error)
            await asyncio.sleep(PRUNE_EVERY)
