"""`AMQPBus`: the bus on RabbitMQ."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import ClassVar, Final
from urllib.parse import unquote, urlsplit

from eventkit.bus.amqp.browse import MOST
from eventkit.bus.amqp.connection import Address, Link, close
from eventkit.bus.amqp.dead_letters import AMQPDeadLetters
from eventkit.bus.amqp.errors import Missing, TooLarge, blocked, silent
from eventkit.bus.amqp.follow import follow
from eventkit.bus.amqp.lag import Lags
from eventkit.bus.amqp.messages import to_message
from eventkit.bus.amqp.names import MAX_NAME, SLOTS, Names, routing_key
from eventkit.bus.amqp.publisher import Publisher
from eventkit.bus.amqp.subscription import AMQPSubscription
from eventkit.bus.amqp.topology import Topology
from eventkit.bus.naming import NO_NAMES, GivenNames, Streams, require_prefix
from eventkit.bus.protocol import Bus, Capabilities, Lag
from eventkit.bus.settings import TLSFiles, require
from eventkit.bus.silence import close_in_order, while_answered
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, ConfigurationError, EventkitError, PublishError, RefusedError
from eventkit.delivery.subscription import Unreadable
from eventkit.delivery.worker import WorkerOptions

_PORTS: Final = {"amqp": 5672, "amqps": 5671}
_MAX_PREFETCH: Final = 65_535
_LEGAL_PREFIX: Final = r"(?!amq\.)[A-Za-z0-9._:-]{0,60}"


class AMQPBus(Bus):
    """A durable bus on RabbitMQ.

    Args:
        url: As given to `connect`, without user and password.
        location: The URL with both, without settings. Its path is the virtual host.
        options: How its workers run.
        partitions: How many queues a group has: 1, 2, 4, 8 or 16. As many of its instances can work at once. It is
            decided when a group starts for the first time.
        prefix: What all names in RabbitMQ begin with.
        streams: What the exchanges of domains or types are called, behind the prefix.
        create: Make exchanges, queues and bindings that are missing; if not, they have to be there.
        lease: Seconds after which the events of an instance whose worker is stuck go to another instance.
        prefetch: How many events of a partition RabbitMQ sends to an instance ahead of time.
        unrouted: How many events of a domain are kept that no group has a queue for.
        heartbeat: Seconds of silence after which RabbitMQ and the bus ask whether the other is there.
        tls_ca: Certificates of the authorities that are trusted, for `amqps://`; those of the system where it is empty.
        tls_cert: The bus's own certificate. It logs in with it where the URL names no user.
        tls_key: The certificate's key, where it is in a file of its own.

    Raises:
        ConfigurationError: A value out of its range.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(durable=True, processes=True, partitioned=True, history=False)

    def __init__(
        self,
        url: str,
        location: str,
        options: WorkerOptions,
        *,
        partitions: int = 4,
        prefix: str = "",
        streams: GivenNames = NO_NAMES,
        create: bool = True,
        lease: float = 30.0,
        prefetch: int = 500,
        unrouted: int = 50_000,
        heartbeat: int = 20,
        tls_ca: str = "",
        tls_cert: str = "",
        tls_key: str = "",
    ) -> None:
        rules = (
            (f"{partitions=}", 1 <= partitions <= SLOTS and SLOTS % partitions == 0, "1, 2, 4, 8 or 16"),
            (f"{lease=}", 0 < lease < math.inf, "more than 0 seconds"),
            (f"{prefetch=}", 1 <= prefetch <= _MAX_PREFETCH, f"1 to {_MAX_PREFETCH:,} events"),
            (f"{unrouted=}", 1 <= unrouted <= MOST, f"1 to {MOST:,} events"),
            (f"{heartbeat=}", 1 <= heartbeat < MOST, "1 or more seconds"),
        )
        require(url, rules)
        require_prefix(prefix, _LEGAL_PREFIX, "letters, digits and '-', '_', '.', ':', not amq., 60 at the most", url)
        self.url = url
        self.options = options
        self._address = _address(location, heartbeat, TLSFiles(tls_ca, tls_cert, tls_key), url)
        self._names = Names(prefix, partitions, Streams(streams, url))
        if too_long := [each for each in streams.values() if len(prefix + each) > MAX_NAME]:
            raise ConfigurationError(f"{prefix + too_long[0]!r} is too long for RabbitMQ", where=url, mend="shorten it")
        self._lease = lease
        self._prefetch = prefetch
        self._create = create
        self._unrouted = unrouted
        self._subscriptions: list[AMQPSubscription] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connect()

    def group_of(self, service: str) -> str:
        """Return what the names of its queues begin with."""
        return self._names.prefix + service

    @property
    def dead_letters(self) -> AMQPDeadLetters:
        """The dead letters of all groups."""
        return self._dead_letters

    async def open(self) -> None:
        """Connect.

        Raises:
            BusError: RabbitMQ does not answer, or does not let the user in.
            ConfigurationError: A certificate cannot be used.
        """
        self._connect()
        await self._outgoing.connection()
        self._loop = asyncio.get_running_loop()

    async def close(self) -> None:
        """Finish publishing, give back what is not done, and disconnect."""
        self._loop = None
        await close_in_order(self._finish(), self._probe, self._give_up)
        await asyncio.gather(self._incoming.close(), self._outgoing.close())

    async def publish(self, envelope: Envelope) -> None:
        """Store one event; return when RabbitMQ has confirmed it."""
        self.require_publishable(envelope)
        if self._loop is not asyncio.get_running_loop():
            raise self._not_open(PublishError)
        key = routing_key(envelope)
        body, properties = to_message(envelope)
        try:
            if self._topology.knows_none:  # the first look of all belongs to the start
                async with while_answered(self._probe, self._silence):
                    await self._topology.exchange(envelope.type)
            exchange = await self._topology.exchange(envelope.type)
            try:
                await self._publisher.publish(body, properties, exchange, key)
            except Missing:
                self._topology.forget(exchange)
                exchange = await self._topology.exchange(envelope.type)
                await self._publisher.publish(body, properties, exchange, key)
        except TooLarge as error:
            raise RefusedError(error.what, where=error.where, mend=error.mend) from error
        except RefusedError:
            raise
        except EventkitError as error:
            raise PublishError(error.what, where=error.where, mend=error.mend) from error

    async def subscribe(self, group: str, types: Collection[str]) -> AMQPSubscription:
        """Register the group for event types, if it is not yet, and return this instance's share of its events."""
        self._require_open()
        for name in (group, *map(self._names.streams.of, types)):
            if not 0 < len(f"{self._names.prefix}{name}".encode()) <= MAX_NAME or {*name} & {*"*#/"}:
                raise ConfigurationError(f"{name!r} cannot be a name in RabbitMQ", where=self.url, mend="shorten it")
        subscription = AMQPSubscription(
            group,
            types,
            self._lease,
            self._prefetch,
            link=self._incoming,
            publisher=self._publisher,
            names=self._names,
            topology=self._topology,
            dead_letters=self._dead_letters,
        )
        try:
            async with while_answered(self._probe, self._silence):
                await subscription.join()
        except BaseException:
            # Or others would share the partitions with one that nobody knows.
            ending = self._incoming.spawn(subscription.abort())
            if self._incoming.is_there:
                await asyncio.shield(ending)
            raise
        self._subscriptions = [*(each for each in self._subscriptions if not each.closed), subscription]
        return subscription

    async def ping(self) -> None:
        """Have RabbitMQ open a channel, and see whether it takes messages."""
        self._require_open()
        if await self._outgoing.is_blocked():
            raise blocked(self.url)
        await close(await self._outgoing.channel())

    async def lag(self) -> Sequence[Lag]:
        """Return what is not handled yet, sorted by group and domain.

        What waits in RabbitMQ counts for each domain of a group, because its queues hold them all.
        """
        self._require_open()
        names, groups = self._names, self._topology.groups
        return await Lags(self._incoming, self._publisher, names, groups, self._dead_letters).all()

    async def follow(
        self, types: Collection[str] | None = None, *, since: datetime | None = None
    ) -> AsyncGenerator[Envelope | Unreadable, None]:
        """Yield events as they are published; of the time before, what no group has a queue for."""
        self._require_open()
        events = follow(self._incoming, self._names, self._topology, types, since)
        async with aclosing(events):
            async for event in events:
                yield event

    async def _finish(self) -> None:
        subscriptions, self._subscriptions = self._subscriptions, []
        await asyncio.gather(*(each.abort() for each in subscriptions))
        await self._publisher.finish()

    async def _probe(self) -> None:
        await close(await self._incoming.channel())

    def _silence(self) -> BusError:
        """Give up on the connections, because RabbitMQ answers nothing; return the error that says so."""
        self._incoming.abort()
        self._outgoing.abort()
        return silent(self.url)

    def _give_up(self) -> None:
        self._incoming.end()
        self._outgoing.end()

    def _require_open(self) -> None:
        if self._loop is not asyncio.get_running_loop():
            raise self._not_open(BusError)

    def _connect(self) -> None:
        """Make what belongs to one time of being open; the connections are made when they are needed."""
        # RabbitMQ may stop reading from who publishes, and must not stop reading acknowledgements.
        self._outgoing = Link(self._address, "publishes", self.url)
        self._incoming = Link(self._address, "consumes", self.url)
        self._publisher = Publisher(self._outgoing)
        self._topology = Topology(
            self._incoming, self._publisher, self._names, create=self._create, unrouted=self._unrouted
        )
        self._dead_letters = AMQPDeadLetters(self._incoming, self._publisher, self._names, self._topology.groups)

    def _not_open(self, error: type[PublishError] | type[BusError]) -> PublishError | BusError:
        return error(
            "the bus was opened in another event loop" if self._loop else "the bus is not open",
            where=self.url,
            mend="use it inside `async with connect(...)`, in the event loop of that block",
        )


def _address(location: str, heartbeat: int, files: TLSFiles, url: str) -> Address:
    parts = urlsplit(location)
    user = unquote(parts.username or "")
    login_with_certificate = bool(files.cert) and not user
    return Address(
        scheme=parts.scheme,
        host=parts.hostname or "localhost",
        port=parts.port or _PORTS[parts.scheme],
        user=user or ("" if login_with_certificate else "guest"),
        password=unquote(parts.password or "") or ("" if user or login_with_certificate else "guest"),
        vhost=unquote(parts.path[1:]) or "/",
        heartbeat=heartbeat,
        external=login_with_certificate,
        tls=files.context(url, encrypted=parts.scheme == "amqps"),
    )
