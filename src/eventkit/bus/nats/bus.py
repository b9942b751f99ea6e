"""`NATSBus`: the bus over JetStream."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime
from typing import ClassVar, Final

from eventkit.bus.naming import NO_NAMES, GivenNames, Streams, require_prefix
from eventkit.bus.nats.connection import Connection
from eventkit.bus.nats.dead_letters import NATSDeadLetters
from eventkit.bus.nats.dialing import Login
from eventkit.bus.nats.documents import Documents
from eventkit.bus.nats.follow import follow
from eventkit.bus.nats.jetstream import JetStream
from eventkit.bus.nats.lag import Looker
from eventkit.bus.nats.names import Names, is_type
from eventkit.bus.nats.publisher import Publisher
from eventkit.bus.nats.subscription import NATSSubscription
from eventkit.bus.nats.topology import Layout, Topology
from eventkit.bus.protocol import Bus, Capabilities, Lag
from eventkit.bus.settings import MOST_DAYS, TLSFiles, require, require_files
from eventkit.bus.silence import START_WITHIN, close_in_order, while_answered
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Unreadable
from eventkit.delivery.worker import WorkerOptions

MOST_PARTITIONS: Final = 256


class NATSBus(Bus):
    """A durable bus on a NATS server, or a cluster of them, with JetStream.

    Args:
        url: As given to `connect`, without its secrets.
        servers: `host:port` of each server.
        encrypted: Speak TLS.
        user: The user of the URL.
        password: The password of the URL.
        options: How its workers run.
        lease: Seconds after which the events of a process that is gone go to another instance.
        partitions: Among how many instances of a group its events can be shared; the same for ever.
        replicas: How many servers of a cluster keep each event.
        retention: Days for which events are kept, whether they are handled or not.
        max_bytes: Bytes that the events of a domain may have together; 0 means no limit.
        prefix: What the names of streams and subjects begin with; buses with different ones share a server.
        streams: What the streams of domains or types are called.
        create: Make streams that are not there; where not, only look whether they are as they should be.
        token: Lets in, where there is no user.
        credentials: The file with a user's JWT and key.
        nkey: The file with a user's key.
        tls_ca: The file with the authorities whose certificates are trusted; the system's by default.
        tls_cert: The file with this client's certificate.
        tls_key: The file with the certificate's key.

    Raises:
        ConfigurationError: A value out of its range, a file that cannot be read.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(durable=True, processes=True, partitioned=True, history=True)

    def __init__(
        self,
        url: str,
        servers: tuple[str, ...],
        encrypted: bool,
        user: str,
        password: str,
        options: WorkerOptions,
        *,
        lease: float = 30.0,
        partitions: int = 8,
        replicas: int = 1,
        retention: float = 7.0,
        max_bytes: int = 0,
        prefix: str = "",
        streams: GivenNames = NO_NAMES,
        create: bool = True,
        token: str = "",
        credentials: str = "",
        nkey: str = "",
        tls_ca: str = "",
        tls_cert: str = "",
        tls_key: str = "",
    ) -> None:
        rules = (
            (f"{lease=}", 0 < lease < math.inf, "more than 0 seconds"),
            (f"{partitions=}", 1 <= partitions <= MOST_PARTITIONS, f"1 to {MOST_PARTITIONS}"),
            (f"{replicas=}", 1 <= replicas <= 5, "1 to 5"),
            (f"{retention=}", 0 < retention <= MOST_DAYS, f"more than 0 days, {MOST_DAYS:,} at the most"),
            (f"{max_bytes=}", max_bytes >= 0, "0 or more bytes"),
        )
        require(url, rules)
        require_prefix(prefix, r"[A-Za-z0-9_-]{0,60}", "letters, digits, '_' and '-', 60 at the most", url)
        # A server that asks for no login would not show that they are missing.
        require_files(url, {"credentials": credentials, "nkey": nkey})
        self.url = url
        self.options = options
        self._lease = lease
        self._partitions = partitions
        if user and not password:
            user, token = "", user  # what NATS makes of a URL with a user alone
        login = Login(user, password, token, credentials, nkey)
        tls = TLSFiles(tls_ca, tls_cert, tls_key).context(url, encrypted=encrypted)
        self._connection = Connection(servers, login, tls, lease, url)
        names = Names(prefix, Streams(streams, url))
        self._jetstream = JetStream(self._connection, names)
        self._documents = Documents(self._jetstream)
        layout = Layout(partitions, replicas, retention, max_bytes, create)
        self._topology = Topology(self._jetstream, self._documents, layout)
        self._publisher = Publisher(self._jetstream, self._topology, partitions)
        self._dead_letters = NATSDeadLetters(self._jetstream)
        self._subscriptions: list[NATSSubscription] = []

    @property
    def dead_letters(self) -> NATSDeadLetters:
        """The dead letters of all groups."""
        return self._dead_letters

    async def open(self) -> None:
        """Connect, and compare what the bus keeps in the server; whoever publishes or subscribes makes it.

        Raises:
            BusError: No server answers, it refuses the login, or JetStream is off.
            ConfigurationError: A stream is another one than the bus needs.
        """
        self._publisher.begin()
        try:
            async with asyncio.timeout(START_WITHIN):
                await self._connection.open()
                await self._topology.look()
        except BaseException as error:
            silence = self._jetstream.silence()
            await self._connection.close()
            if isinstance(error, TimeoutError):
                raise silence from None
            raise

    async def close(self) -> None:
        """Give up all partitions, and disconnect."""
        await close_in_order(self._give_up_all(), self.ping, self._connection.give_up)
        await self._connection.close()

    async def publish(self, envelope: Envelope) -> None:
        """Store one event; return when the server has it."""
        self.require_publishable(envelope)
        await self._publisher.publish(envelope)

    async def ping(self) -> None:
        """Have JetStream answer; raises BusError."""
        await self._jetstream.ping()

    async def lag(self) -> Sequence[Lag]:
        """Return what is not handled yet, sorted by group and domain."""
        return await Looker(self._jetstream, self._documents).look()

    def follow(
        self, types: Collection[str] | None = None, *, since: datetime | None = None
    ) -> AsyncGenerator[Envelope | Unreadable, None]:
        """Yield events as they are published, until the bus is closed."""
        return follow(self._jetstream, types, since)

    async def subscribe(self, group: str, types: Collection[str]) -> NATSSubscription:
        """Return this instance's share of a group's events."""
        if not self._connection.is_open:
            raise self._connection.not_open()
        for type in types:
            if not is_type(type):
                raise BusError(f"{type!r} cannot be read from NATS", where=self.url, mend="use dotted lower-case words")
        async with while_answered(self.ping, self._jetstream.silence):
            await self._topology.declare(types)
            subscription = NATSSubscription(
                self._jetstream, self._documents, self._topology, group, types, self._partitions, self._lease
            )
            self._subscriptions.append(subscription)
            await subscription.join()
        return subscription

    async def _give_up_all(self) -> None:
        subscriptions, self._subscriptions = self._subscriptions, []
        for subscription in subscriptions:
            await subscription.abort()
