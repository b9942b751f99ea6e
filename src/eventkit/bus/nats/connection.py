"""`Connection`: a connection to one of several servers, made again when it is lost, and what outlives that."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from eventkit.bus.nats.client import Client, Route
from eventkit.bus.nats.denial import Denial
from eventkit.bus.nats.dialing import Dialer, Login, dispose
from eventkit.bus.nats.requests import ANSWER_WITHIN, Requests, command
from eventkit.contract.errors import BusError, ConfigurationError
from eventkit.contract.retry import Retry
from eventkit.delivery.policy import pause

_LONGEST_PING: Final = 10.0  # seconds
_CONNECT_AGAIN: Final = Retry(delay=0.05, factor=2, max_delay=2, jitter=0.5)

logger: Final = logging.getLogger("eventkit.bus.nats")


@dataclass(slots=True, eq=False)
class Listener:
    """A subscription that outlives connections.

    Args:
        subject: What it listens to.
        route: Takes messages.
        number: Its number in the connection of now; 0 where there is none.
    """

    subject: str
    route: Route
    number: int = 0


class Connection:
    """A connection that is made again for ever.

    Args:
        servers: `host:port`, in the order in which they are tried.
        login: How to be let in.
        tls: How to encrypt; None for servers that need not.
        lease: Seconds within which a connection that nobody answers on should be noticed.
        where: The bus, for messages.
    """

    def __init__(
        self, servers: Sequence[str], login: Login, tls: ssl.SSLContext | None, lease: float, where: str
    ) -> None:
        self.where = where
        self.max_payload = 0
        """How many bytes a message may have, headers included; what the last server said, also while there is none."""
        self.connected: list[Callable[[], None]] = []
        """Called when there is a new connection."""
        self._dialer = Dialer(servers, login, tls, min(lease / 6, _LONGEST_PING), where)
        self._client: Client | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._down = asyncio.Event()
        self._requests = Requests(where)
        self._listeners: set[Listener] = set()
        self._denied: set[str] = set()  # what was logged

    # -- life

    async def open(self) -> None:
        """Connect; raises BusError, or ConfigurationError where the login's files are at fault.

        How long that may take is the caller's business.
        """
        self._requests = Requests(self.where)
        self._listeners.clear()
        self._denied.clear()
        self._begin(await self._connect())
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Disconnect; requests that are not answered fail."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
            self._keeper = None
        client, self._client = self._client, None
        self._requests.end(self.not_open())
        self.connected.clear()
        if client is not None:
            await dispose(client)

    def give_up(self) -> None:
        """Fail what is asked for, and what will be before it is opened again."""
        self._requests.end(self.not_open())

    @property
    def is_open(self) -> bool:
        """Whether it was opened and not closed."""
        return self._keeper is not None

    @property
    def client(self) -> Client | None:
        """The connection of now; None while there is none."""
        return self._client

    @property
    def filters(self) -> bool:
        """Whether the server can filter by several subjects."""
        return self._client is not None and self._client.server_version >= (2, 10)

    def not_open(self) -> BusError:
        """Return the error of who uses what is not open."""
        return BusError("the bus is not open", where=self.where, mend="use it inside `async with connect(...)`")

    # -- messages

    def request(
        self, subject: str, data: bytes = b"", headers: bytes = b"", *, within: float = ANSWER_WITHIN
    ) -> Coroutine[Any, Any, bytes]:
        """Return the answer to a request that is safe to be asked twice.

        Args:
            subject: Who is asked.
            data: The question.
            headers: Headers, with their first line and the empty one; none by default.
            within: Seconds to wait.

        Raises:
            NoResponders: Nobody listens.
            BusError: There was no answer in time, or the user lacks a right.
        """
        if self._keeper is None:
            raise self.not_open()
        return self._requests.ask(subject, data, headers, within)

    def silence(self, subject: str) -> BusError:
        """Return the error of who asked and gets no answer."""
        return self._requests.silence(subject)

    def tell(self, subject: str, data: bytes = b"", reply: str = "") -> None:
        """Send a message that may be lost."""
        if self._client is not None:
            self._client.send(command(subject, reply.encode(), b"", data))

    def listen(self, subject: str, route: Route) -> Listener:
        """Take messages to a subject from now on, on this connection and those after it."""
        listener = Listener(subject, route)
        self._listeners.add(listener)
        if self._client is not None:
            listener.number = self._client.route(subject, route)
        return listener

    def ignore(self, listener: Listener) -> None:
        """Take no more messages."""
        self._listeners.discard(listener)
        if self._client is not None and listener.number:
            self._client.unroute(listener.number)

    def _deny(self, denial: Denial) -> None:
        if denial.kind not in self._denied:
            self._denied.add(denial.kind)
            logger.error("%s", denial.error(self.where))
        self._requests.deny(denial)

    # -- connecting

    async def _connect(self) -> Client:
        return await self._dialer.connect(self._down.set, self._deny)

    async def _keep(self) -> None:
        while True:
            await self._down.wait()
            client, self._client = self._client, None
            self._requests.pause()
            if client is not None:
                logger.warning("the connection to %s was lost", self.where)
                await dispose(client)
            self._begin(await self._connect_again())
            logger.warning("connected to %s again", self.where)

    async def _connect_again(self) -> Client:
        tries = 0
        while True:
            try:
                return await self._connect()
            except (BusError, ConfigurationError) as error:
                tries += 1
                if tries == 1:
                    logger.warning("%s cannot be reached, and is tried until it can: %s", self.where, error.what)
                await asyncio.sleep(pause(_CONNECT_AGAIN, tries, random.random))

    def _begin(self, client: Client) -> None:
        self._down.clear()
        if not client.is_connected:
            self._down.set()
        self._client = client
        self.max_payload = client.max_payload
        for listener in self._listeners:
            listener.number = client.route(listener.subject, listener.route)
        self._requests.begin(client)
        for call in self.connected:
            call()
