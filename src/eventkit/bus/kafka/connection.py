"""How clients reach the brokers: addresses, TLS, user and password."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from eventkit.bus.kafka.client import CLOSE_WITHIN, Client, pass_cancellation
from eventkit.bus.kafka.errors import explained, is_about_reach
from eventkit.bus.kafka.outage_log import Reached, quieten
from eventkit.bus.kafka.patience import Patience
from eventkit.contract.errors import BusError, ConfigurationError
from eventkit.contract.strict_json import DEFAULT_LIMITS

CONNECT_WITHIN: Final = 4.5
"""Seconds; `open` promises five."""
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
# An event of the largest size that readers accept, and its headers.
LARGEST_RECORD: Final = DEFAULT_LIMITS.max_bytes + 1024 * 1024
# After which a request that somebody waits for is asked again, on another connection.
_ANSWER_WITHIN: Final = 10_000  # milliseconds
# A partition that an instance gets is fetched when the fetch that waits for others has been answered.
_FETCH_WAIT: Final = 100  # milliseconds
# How soon partitions are seen that were added, and topics that were deleted and made again.
_LOOK_FOR_TOPICS: Final = 15_000  # milliseconds
# Whether a worker is alive is what leases tell; a full queue does not make an instance leave its group.
_NEVER: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Connection:
    """The brokers of one cluster.

    Args:
        url: As given to `connect`, without the password; for messages.
        servers: `host:port` of the brokers to begin with, separated by commas.
        user: The user of SASL; None for none.
        password: Its password.
        mechanism: How the password is sent; one of `MECHANISMS`.
        tls: How TLS is spoken; None for connections without it.

    Raises:
        ConfigurationError: The mechanism is unknown.
    """

    url: str
    servers: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    mechanism: str = "PLAIN"
    tls: ssl.SSLContext | None = None
    patience: Patience = field(init=False, repr=False, compare=False, default_factory=Patience)
    """With the brokers, where an end of the waiting has to come."""
    _reached: Reached = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_reached", Reached(self.url))
        quieten()
        if self.mechanism not in MECHANISMS:
            raise ConfigurationError(
                f"mechanism={self.mechanism!r} is unknown", where=self.url, mend=f"use one of: {', '.join(MECHANISMS)}"
            )

    def producer(self, **options: Any) -> AIOKafkaProducer:
        """Return a producer that is not started."""
        producer = AIOKafkaProducer(**self._arguments(), max_request_size=LARGEST_RECORD, **options)
        Client.of(producer.client, self._reached)
        return producer

    def consumer(self, **options: Any) -> AIOKafkaConsumer:
        """Return a consumer that commits nothing by itself and is not started."""
        consumer = AIOKafkaConsumer(
            **self._arguments(),
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=_FETCH_WAIT,
            max_partition_fetch_bytes=LARGEST_RECORD,
            max_poll_interval_ms=_NEVER,
            **options,
        )
        Client.of(consumer._client, self._reached)
        return consumer

    @asynccontextmanager
    async def reader(self, partitions: Collection[TopicPartition]) -> AsyncIterator[AIOKafkaConsumer]:
        """Connect a consumer that reads partitions and belongs to no group; raises BusError."""
        consumer = self.consumer(request_timeout_ms=_ANSWER_WITHIN)
        try:
            await self.start(consumer.start)
            await asyncio.sleep(0)  # a consumer whose tasks have not begun when it is stopped raises CancelledError
            consumer.assign(list(partitions))
            yield consumer
        except KafkaError as error:
            raise self.explained(error) from error
        finally:
            await self.stop(consumer)

    @asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        """Connect a client for what concerns topics and groups."""
        client = AIOKafkaAdminClient(**self._arguments(), request_timeout_ms=_ANSWER_WITHIN)
        Client.of(client._client, self._reached)
        try:
            await self.start(client.start)
            yield client
        except KafkaError as error:
            raise self.explained(error) from error
        finally:
            await client.close()

    @property
    def refusal(self) -> BusError | None:
        """That a broker refuses the login by now, where one does."""
        if (told := self._reached.refusal) is None:
            return None
        what, mend = told
        return BusError(what, where=self.url, mend=mend)

    def explained(self, error: KafkaError) -> BusError:
        """Return an error of Kafka as eventkit tells it; where nobody answers because of the login, it tells that."""
        return (is_about_reach(error) and self.refusal) or explained(error, self.url)

    async def start(self, start: Callable[[], Any]) -> None:
        """Start a client.

        Raises:
            BusError: No broker answers within `CONNECT_WITHIN` seconds, or it refuses.
        """
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                await start()
        except TimeoutError:
            raise self.refusal or self.silence() from None
        except KafkaError as error:
            raise self.explained(error) from error

    async def stop(self, consumer: AIOKafkaConsumer) -> None:
        """Stop a consumer, in order if a broker answers in time; nothing of it is left in any case."""
        with pass_cancellation():
            try:
                async with self.patience.within(CLOSE_WITHIN):
                    await consumer.stop()
            except (TimeoutError, KafkaError, asyncio.CancelledError):
                # It waits for a group that is being shared out, or for a broker that is gone.
                coordinator, fetcher = consumer._coordinator, consumer._fetcher
                for end in (
                    getattr(coordinator, "_stop_heartbeat_task", None),
                    getattr(coordinator, "_stop_commit_offsets_refresh_task", None),
                    getattr(fetcher, "close", None),
                ):
                    if end is not None:
                        with suppress(KafkaError, asyncio.CancelledError):
                            await end()
                await consumer._client.close()

    async def ping(self) -> None:
        """Ask a broker which topics there are; raises BusError."""
        async with self.admin() as admin:
            await admin.list_topics()

    def silence(self) -> BusError:
        """Return the error that says that no broker answers."""
        return BusError(
            "no broker answers",
            where=self.url,
            mend="see whether it is up, and whether it speaks TLS where this client does not",
        )

    def _arguments(self) -> dict[str, Any]:
        security = "SASL_" if self.user is not None else ""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.servers,
            "security_protocol": security + ("SSL" if self.tls else "PLAINTEXT"),
            "client_id": "eventkit",
            "metadata_max_age_ms": _LOOK_FOR_TOPICS,
        }
        if self.tls:
            arguments["ssl_context"] = self.tls
        if self.user is not None:
            arguments["sasl_mechanism"] = self.mechanism
            arguments["sasl_plain_username"] = self.user
            arguments["sasl_plain_password"] = self.password or ""
        return arguments
