"""`KafkaBus`: the bus over a Kafka cluster."""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime
from typing import ClassVar

from eventkit.bus.kafka.connection import Connection
from eventkit.bus.kafka.dead_letters import KafkaDeadLetters
from eventkit.bus.kafka.follow import follow
from eventkit.bus.kafka.lag import lag
from eventkit.bus.kafka.layout import Layout
from eventkit.bus.kafka.publisher import Publisher
from eventkit.bus.kafka.records import headers_of, key_of
from eventkit.bus.kafka.subscription import KafkaSubscription
from eventkit.bus.kafka.topology import Topology
from eventkit.bus.naming import NO_NAMES, GivenNames, Streams
from eventkit.bus.protocol import Bus, Capabilities, Lag
from eventkit.bus.settings import TLSFiles, require
from eventkit.bus.silence import close_in_order, while_answered
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Unreadable
from eventkit.delivery.worker import WorkerOptions


class KafkaBus(Bus):
    """A bus in a Kafka cluster.

    Args:
        url: As given to `connect`, without the password.
        servers: `host:port` of brokers to begin with, separated by commas.
        user: The user of SASL; empty for none.
        password: The user's password.
        options: How its workers run.
        prefix: Stands before the name of each topic and consumer group.
        streams: What the topics of domains or types are called, behind the prefix.
        partitions: Partitions of topics. Where it is given, a topic that exists with another number is an error at
            start; where not, topics that are made get 8. It is the same for the two that follow.
        replication: Replicas of each partition; by default 3, or one on each broker where there are fewer.
        retention: Days for which events are kept; 7 by default.
        create: Make topics that are missing; where not, each has to be there.
        idempotent: Let brokers recognise what a publisher sends again. Some brokers that only resemble Kafka cannot.
        lease: Seconds after which the events of a process that died go to another instance; 6 at the least.
        mechanism: How the password is sent: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
        tls: Talk TLS.
        tls_ca: Certificates of the authorities to trust, PEM; those of the system by default.
        tls_cert: This client's certificate, PEM.
        tls_key: The key of the certificate, PEM, where it is not in `tls_cert`.

    Raises:
        ConfigurationError: A value out of its range, or settings that do not go together.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(durable=True, processes=True, partitioned=True, history=True)

    def __init__(
        self,
        url: str,
        servers: str,
        user: str,
        password: str,
        options: WorkerOptions,
        *,
        prefix: str = "",
        streams: GivenNames = NO_NAMES,
        partitions: int | None = None,
        replication: int | None = None,
        retention: float | None = None,
        create: bool = True,
        idempotent: bool = True,
        lease: float = 30.0,
        mechanism: str = "PLAIN",
        tls: bool = False,
        tls_ca: str = "",
        tls_cert: str = "",
        tls_key: str = "",
    ) -> None:
        require(url, [(f"{lease=}", 0 < lease < math.inf, "more than 0 seconds")])
        self.url = url
        self.options = options
        self._lease = lease
        encryption = TLSFiles(tls_ca, tls_cert, tls_key).context(url, encrypted=tls)
        self._connection = Connection(url, servers, user or None, password, mechanism, encryption)
        self._layout = Layout(url, prefix, Streams(streams, url), partitions, replication, retention, create)
        self._topology = Topology(self._connection, self._layout)
        self._publisher = Publisher(self._connection, self._topology, idempotent)
        self._dead_letters = KafkaDeadLetters(self._connection, self._topology, self._publisher)
        self._subscriptions: list[KafkaSubscription] = []
        self._open = False

    def group_of(self, service: str) -> str:
        return self._layout.prefix + service

    @property
    def dead_letters(self) -> KafkaDeadLetters:
        """The dead letters of all groups."""
        return self._dead_letters

    async def open(self) -> None:
        """Connect to a broker.

        Raises:
            BusError: None answers within five seconds, or it refuses.
        """
        self._topology.begin()
        self._connection.patience.begin()
        await self._publisher.open()
        self._open = True

    async def close(self) -> None:
        """Give up what instances hold, finish publishing, and disconnect."""
        self._open = False
        await close_in_order(self._close(), self._connection.ping, self._connection.patience.end)

    async def publish(self, envelope: Envelope) -> None:
        """Store one event; return when all replicas that are in sync have it."""
        self.require_publishable(envelope)
        topic = self._layout.topic(envelope.type)
        await self._publisher.send(topic, key_of(envelope), envelope.data, headers_of(envelope))

    async def subscribe(self, group: str, types: Collection[str]) -> KafkaSubscription:
        """Make the topics that the group needs, if they are missing, and return this instance's share of its events.

        Raises:
            BusError: A topic is missing and cannot be made, or no broker answers.
            ConfigurationError: A topic is another one than the settings say.
        """
        self._require_open()
        dead = self._layout.dead(group)
        topics: dict[str, set[str]] = {}
        for each in types:
            topics.setdefault(self._layout.topic(each), set()).add(each)

        async def prepare() -> None:
            # Each time that an instance joins: somebody may have deleted a topic meanwhile.
            self._topology.forget()
            counts = await self._topology.ensure(topics)
            await self._topology.ensure([dead], least=max(counts.values(), default=1))

        async with while_answered(self._connection.ping, self._connection.silence):
            await prepare()
            await self._dead_letters.enter(group, {self._layout.streams.of(each) for each in types})
            subscription = KafkaSubscription(
                self._connection, self._publisher, prepare, group, self.group_of(group), topics, dead, self._lease
            )
            await subscription.join()
        self._subscriptions = [*(each for each in self._subscriptions if not each.left), subscription]
        return subscription

    async def ping(self) -> None:
        """Ask a broker which topics there are."""
        self._require_open()
        await self._connection.ping()

    async def lag(self) -> Sequence[Lag]:
        """Return what is not handled yet."""
        self._require_open()
        return await lag(self._connection, self._topology, self._dead_letters)

    async def follow(
        self, types: Collection[str] | None = None, *, since: datetime | None = None
    ) -> AsyncGenerator[Envelope | Unreadable, None]:
        """Yield events as they are published, until the bus is closed."""
        self._require_open()
        async with contextlib.aclosing(
            follow(self._connection, self._topology, types, since, lambda: self._open)
        ) as events:
            async for event in events:
                yield event

    async def _close(self) -> None:
        subscriptions, self._subscriptions = self._subscriptions, []
        for subscription in subscriptions:
            with contextlib.suppress(BusError):
                await subscription.abort()
        await self._publisher.close()

    def _require_open(self) -> None:
        if not self._open:
            raise BusError(
                "the bus is not open",
                where=self.url,
                mend="use it inside `async with connect(...)`, in the event loop of that block",
            )
