"""`RedisBus`: the bus on Redis Streams."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime
from typing import ClassVar, Final

from eventkit.bus.naming import NO_NAMES, GivenNames, Streams, require_prefix
from eventkit.bus.protocol import Bus, Capabilities, Lag
from eventkit.bus.redis.address import Address
from eventkit.bus.redis.dead_letters import RedisDeadLetters
from eventkit.bus.redis.entries import to_fields
from eventkit.bus.redis.follow import follow
from eventkit.bus.redis.keys import Keys
from eventkit.bus.redis.lag import lag
from eventkit.bus.redis.scripts import PUBLISH
from eventkit.bus.redis.server import Server
from eventkit.bus.redis.subscription import RedisSubscription, milliseconds
from eventkit.bus.redis.topology import Topology
from eventkit.bus.redis.trimming import trim
from eventkit.bus.settings import MOST_DAYS, TLSFiles, require
from eventkit.bus.silence import close_in_order, while_answered
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, PublishError
from eventkit.delivery.subscription import Unreadable
from eventkit.delivery.worker import WorkerOptions

DAY: Final = 86_400.0
TRIM_EVERY: Final = 60.0
SAME_EVENT: Final = 120_000
"""Milliseconds for which an event that is published again is not stored again."""
NO_STREAM: Final = -1
"""What the script answers that publishes where there is no stream and it may make none."""

logger = logging.getLogger("eventkit.bus.redis")


class RedisBus(Bus):
    """A bus for the processes of many machines, on one Redis server or a primary with its replicas.

    Args:
        url: The URL without the password, for errors.
        address: The URL with the password.
        options: How its workers run.
        lease: Seconds after which the events of a process that died go to another instance.
        retention: Days for which events are kept for groups that come later; what a group has not handled stays longer.
        prefix: What the bus's keys begin with; buses with different ones share a database.
        streams: What the streams of domains or types are called, behind the prefix.
        create: Make streams and groups that are missing; where not, each has to be there.
        tls_ca: For `rediss`: the file with the authorities to trust; those of the system where it is empty.
        tls_cert: The file with the certificate of this client.
        tls_key: The file with the private key of that certificate.

    Raises:
        ConfigurationError: A value out of its range.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(durable=True, processes=True, partitioned=False, history=True)

    def __init__(
        self,
        url: str,
        address: str,
        options: WorkerOptions,
        *,
        lease: float = 30.0,
        retention: float = 7.0,
        prefix: str = "eventkit",
        streams: GivenNames = NO_NAMES,
        create: bool = True,
        tls_ca: str = "",
        tls_cert: str = "",
        tls_key: str = "",
    ) -> None:
        rules = (
            (f"{lease=}", 0.001 <= lease < math.inf, "0.001 or more seconds"),
            (f"{retention=}", 0 <= retention <= MOST_DAYS, f"0 to {MOST_DAYS:,} days"),
        )
        require(url, rules)
        require_prefix(prefix, r"[!-z|~]{1,100}", "1 to 100 ASCII letters, digits and signs, no braces or spaces", url)
        self.url = url
        self.options = options
        self._lease = lease
        self._retention = milliseconds(retention * DAY)
        self._keys = Keys(prefix, Streams(streams, url))
        place, files = Address.of(address, url), TLSFiles(tls_ca, tls_cert, tls_key)
        # redis-py makes a context of its own from the files; this one shows that they will do.
        files.context(url, encrypted=place.tls)
        self._server = Server(place, files, url)
        self._topology = Topology(self._server, self._keys, create=create)
        self._dead_letters = RedisDeadLetters(self._server, self._keys)
        self._entry = ("*",) if create else ("NOMKSTREAM", "*")
        self._domains: set[str] = set()
        self._subscriptions: list[RedisSubscription] = []
        self._trimmer: asyncio.Task[None] | None = None

    @property
    def dead_letters(self) -> RedisDeadLetters:
        """The dead letters of all groups."""
        return self._dead_letters

    async def open(self) -> None:
        """Connect.

        Raises:
            BusError: The server cannot be reached, refuses the password, or is a replica.
            ConfigurationError: It is older than Redis 6.2, or a node of a cluster.
        """
        await self._server.open()

    async def close(self) -> None:
        """Finish what was asked for, and disconnect."""
        await close_in_order(self._close(), self._server.ping, self._server.give_up)

    async def publish(self, envelope: Envelope) -> None:
        """Store one event; return when the server has it.

        Where the answer is lost, it is asked again. An event that was stored meanwhile is not stored twice.
        """
        self.require_publishable(envelope)
        self._take_part()
        domain = self._keys.domain_of(envelope.type)
        try:
            if domain not in self._domains:
                await self._begin(domain)
            keys = (self._keys.stream(domain), self._keys.published(domain, envelope))
            arguments = (SAME_EVENT, *self._entry, *to_fields(envelope))
            if await self._server.run(PUBLISH, keys, arguments, again=True) == NO_STREAM:
                raise self._topology.missing_stream(domain)
        except BusError as error:
            raise PublishError(error.what, where=error.where, mend=error.mend) from error

    async def subscribe(self, group: str, types: Collection[str]) -> RedisSubscription:
        """Register the group for event types, if it is not yet, and return this instance's share of its events."""
        self._take_part()
        subscription = RedisSubscription(self._server, self._keys, self._topology, group, types, self._lease)
        async with while_answered(self.ping, self._server.silence):
            await subscription.join()
        self._subscriptions = [*(each for each in self._subscriptions if not each.signed_off), subscription]
        return subscription

    async def ping(self) -> None:
        await self._server.ask("PING")

    async def lag(self) -> Sequence[Lag]:
        return await lag(self._server, self._keys)

    async def follow(
        self, types: Collection[str] | None = None, *, since: datetime | None = None
    ) -> AsyncGenerator[Envelope | Unreadable, None]:
        async with contextlib.aclosing(follow(self._server, self._keys, types, since)) as events:
            async for event in events:
                yield event

    async def _close(self) -> None:
        subscriptions, self._subscriptions = self._subscriptions, []
        await asyncio.gather(*map(_sign_off, subscriptions))
        trimmer, self._trimmer = self._trimmer, None
        if trimmer is not None:
            trimmer.cancel()
        await self._server.close()
        if trimmer is not None:
            await asyncio.wait({trimmer})

    async def _begin(self, domain: str) -> None:
        """See to the stream of a domain to which nothing was published yet."""
        if self._domains:
            await self._enter(domain)
        else:  # the first one of all belongs to the start
            async with while_answered(self.ping, self._server.silence):
                await self._enter(domain)

    async def _enter(self, domain: str) -> None:
        await self._topology.require_stream(domain)
        await self._server.ask("SADD", self._keys.domains, domain)
        self._domains.add(domain)

    def _take_part(self) -> None:
        """Begin to remove old events, and tell of what loses events; whoever only looks at the bus does neither."""
        if self._trimmer is None and self._server.is_open:
            for risk in self._server.risks:
                logger.warning("%s %s", self.url, risk)
            self._trimmer = asyncio.create_task(self._trim())

    async def _trim(self) -> None:
        """Remove old events, for ever."""
        while True:
            try:
                if self._domains:  # again, because a server that has lost its data has lost them, too
                    await self._server.ask("SADD", self._keys.domains, *self._domains)
                await trim(self._server, self._keys, self._retention)
            except BusError as error:
                logger.warning("old events could not be removed: %s", error)
            await asyncio.sleep(TRIM_EVERY)


async def _sign_off(subscription: RedisSubscription) -> None:
    with contextlib.suppress(BusError):
        await subscription.close()
