"""`Connection`: a connection to one of several servers, made again when it is lost, with requests that survive that.

All that is asked of the server is safe to be asked twice: events carry an id by which the server knows them, documents
the revision that they replace, and the rest declares or reads. So a request whose answer is lost is sent again, after
some time and on each new connection, until it is answered or its time is up.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from nats import errors

from eventkit.bus.nats.client import Client, Route
from eventkit.bus.nats.denial import Denial
from eventkit.contract.errors import BusError, ConfigurationError, MissingExtraError
from eventkit.contract.retry import Retry
from eventkit.delivery.policy import pause

OPEN_WITHIN: Final = 4.5
"""Seconds after which a bus that cannot be opened says so."""
ANSWER_WITHIN: Final = 10.0
"""Seconds after which a request has failed."""
_ASK_AGAIN: Final = 2.0  # seconds without an answer
_LOOK: Final = 0.5  # how often unanswered requests are looked at, in seconds
_CONNECT_WITHIN: Final = 2.0
_CLOSE_WITHIN: Final = 1.0
_LONGEST_PING: Final = 10.0  # seconds
_CONNECT_AGAIN: Final = Retry(delay=0.05, factor=2, max_delay=2, jitter=0.5)

logger: Final = logging.getLogger("eventkit.bus.nats")


class NoResponders(BusError):
    """Nothing in the server takes what was sent to a subject."""


@dataclass(frozen=True, slots=True)
class Login:
    """How to be let in. All of it is secret.

    Args:
        user: The user's name.
        password: The user's password.
        token: A token, where there is no user.
        credentials: The file with a user's JWT and seed.
        nkey: The file with a user's seed.
    """

    user: str = ""
    password: str = ""
    token: str = ""
    credentials: str = ""
    nkey: str = ""

    def options(self) -> dict[str, Any]:
        """Return it as nats-py takes it."""
        names = {"user": self.user, "password": self.password, "token": self.token}
        files = {"user_credentials": self.credentials, "nkeys_seed": self.nkey}
        return {name: value for name, value in {**names, **files}.items() if value}


@dataclass(slots=True, eq=False)
class _Request:
    subject: str
    command: bytes
    answer: asyncio.Future[bytes]
    sent: float
    until: float


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
        self._servers = list(servers)
        self._login = login
        self._tls = tls
        self._ping = min(lease / 6, _LONGEST_PING)
        self.max_payload = 0
        """How many bytes a message may have, headers included; what the last server said, also while there is none."""
        self._client: Client | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._down = asyncio.Event()
        self._requests: dict[bytes, _Request] = {}
        self._listeners: set[Listener] = set()
        self._numbers = itertools.count(1)
        self._inbox = b""
        self._answers = Listener("", self._answer)
        self._denied: set[str] = set()  # what was logged
        self._looking: asyncio.TimerHandle | None = None
        self.connected: list[Callable[[], None]] = []
        """Called when there is a new connection."""

    # -- life

    async def open(self) -> None:
        """Connect; raises BusError, or ConfigurationError where the login's files are at fault."""
        self._inbox = b"_INBOX.ek%016x." % random.getrandbits(64)
        self._answers = Listener(f"{self._inbox.decode()}*", self._answer)
        self._listeners = {self._answers}
        self._denied.clear()
        try:
            async with asyncio.timeout(OPEN_WITHIN):
                self._begin(await self._connect_to_any())
        except TimeoutError:
            raise BusError("no server answers", where=self.where, mend="see whether one runs there") from None
        self._keeper = asyncio.create_task(self._keep())

    async def close(self) -> None:
        """Disconnect; requests that are not answered fail."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        client, self._client = self._client, None
        for request in self._requests.values():
            if not request.answer.done():
                request.answer.set_exception(self.not_open())
        self._requests.clear()
        self.connected.clear()
        if client is not None:
            await _dispose(client)

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

    async def request(
        self, subject: str, data: bytes = b"", headers: bytes = b"", *, within: float = ANSWER_WITHIN
    ) -> bytes:
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
        loop = asyncio.get_running_loop()
        now = loop.time()
        inbox = b"%b%x" % (self._inbox, next(self._numbers))
        command = _command(subject, inbox, headers, data)
        request = self._requests[inbox] = _Request(subject, command, loop.create_future(), now, now + within)
        if self._client is not None:
            if not self._answers.number:  # it was denied, and may be allowed by now
                self._answers.number = self._client.route(self._answers.subject, self._answer)
            self._client.send(command)
        if self._looking is None:
            self._looking = loop.call_later(_LOOK, self._look)
        try:
            return await request.answer
        finally:
            self._requests.pop(inbox, None)

    def tell(self, subject: str, data: bytes = b"", reply: str = "") -> None:
        """Send a message that may be lost."""
        if self._client is not None:
            self._client.send(_command(subject, reply.encode(), b"", data))

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

    def _answer(self, subject: bytes, reply: bytes, data: bytes, headers: bytes | None) -> None:
        request = self._requests.get(subject)
        if request is None or request.answer.done():
            return
        if headers is not None and not data and headers.startswith(b"NATS/1.0 503"):
            request.answer.set_exception(
                NoResponders("nothing in the server takes this", where=self.where, mend="see whether JetStream is on")
            )
        else:
            request.answer.set_result(data)

    def _deny(self, denial: Denial) -> None:
        """Fail what needs a right that the user lacks: the server sends no answer to it."""
        if denial.kind not in self._denied:
            self._denied.add(denial.kind)
            logger.error("%s", denial.error(self.where))
        is_deaf = denial.verb == "subscribe" and denial.subject == self._answers.subject
        if is_deaf:
            self._answers.number = 0
        for request in self._requests.values():
            is_meant = is_deaf or (denial.verb == "publish" and denial.subject == request.subject)
            if is_meant and not request.answer.done():
                request.answer.set_exception(denial.error(self.where))

    def _look(self) -> None:
        """Ask again what was not answered, and give up what has no time left."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for request in self._requests.values():
            if request.answer.done():
                continue
            if now >= request.until:
                state = "the server does not answer" if self._client else "there is no connection to a server"
                request.answer.set_exception(BusError(state, where=self.where, mend="see whether it is up"))
            elif now >= request.sent + _ASK_AGAIN and self._client is not None:
                request.sent = now
                self._client.send(request.command)
        self._looking = loop.call_later(_LOOK, self._look) if self._requests else None

    # -- connecting

    async def _keep(self) -> None:
        while True:
            await self._down.wait()
            client, self._client = self._client, None
            if client is not None:
                logger.warning("the connection to %s was lost", self.where)
                await _dispose(client)
            self._begin(await self._connect_again())
            logger.warning("connected to %s again", self.where)

    async def _connect_again(self) -> Client:
        tries = 0
        while True:
            try:
                return await self._connect_to_any()
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
        now = asyncio.get_running_loop().time()
        for request in self._requests.values():
            request.sent = now
            client.send(request.command)
        for call in self.connected:
            call()

    async def _connect_to_any(self) -> Client:
        found: list[BusError | ConfigurationError] = []
        for server in list(self._servers):
            try:
                client = await self._connect(server)
            except (BusError, ConfigurationError) as failed:
                # The next one is tried first the next time.
                self._servers.append(self._servers.pop(0))
                found.append(failed)
            else:
                self._learn(client)
                return client
        # What a server said is worth more than that another one is down.
        raise next((each for each in found if not isinstance(each.__cause__, OSError)), found[0])

    async def _connect(self, server: str) -> Client:
        problems: list[Exception] = []

        async def note(problem: Exception) -> None:
            problems.append(problem)

        async def closed() -> None:
            self._down.set()

        client = Client(encrypt=self._tls is not None, lost=self._down.set, denied=self._deny)
        try:
            async with asyncio.timeout(_CONNECT_WITHIN):
                await client.connect(
                    servers=[f"{'nats' if self._tls is None else 'tls'}://{server}"],
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    connect_timeout=_CONNECT_WITHIN,  # type: ignore[arg-type]
                    ping_interval=self._ping,  # type: ignore[arg-type]
                    max_outstanding_pings=2,
                    name="eventkit",
                    error_cb=note,
                    closed_cb=closed,
                    tls=self._tls,
                    **self._login.options(),
                )
        except ImportError as error:
            raise MissingExtraError.of("files with keys and credentials of NATS", "nats") from error
        except (errors.Error, OSError, ValueError, TimeoutError) as error:
            with suppress(AssertionError, AttributeError):  # nats-py has not begun
                await _dispose(client)
            problem = next((each for each in problems if not isinstance(each, errors.NoServersError)), error)
            raise self._explained(problem, server) from problem
        except BaseException:
            await _dispose(client)
            raise
        return client

    def _learn(self, client: Client) -> None:
        """Take note of the cluster's other servers, which are tried when this one is gone."""
        for server in client.discovered_servers:
            address = server.netloc.rpartition("@")[2]
            if address not in self._servers:
                self._servers.append(address)

    def _explained(self, problem: Exception, server: str) -> BusError | ConfigurationError:
        text = str(problem).lower()
        if isinstance(problem, FileNotFoundError | PermissionError):
            return ConfigurationError(
                f"the file of the login cannot be read: {problem.strerror}", where=self.where, mend="see its path"
            )
        if isinstance(problem, errors.SecureConnWantedError):
            return BusError(f"{server} does not speak TLS", where=self.where, mend="write nats:// or encrypt it")
        if isinstance(problem, ssl.SSLError):
            return BusError(
                f"no encrypted connection to {server}: {problem.reason or problem}",
                where=self.where,
                mend="give the authority that signed its certificate as `tls_ca`",
            )
        if "authorization" in text or "authentication" in text:
            return BusError(f"{server} refuses the login", where=self.where, mend="see user, password, token or key")
        if isinstance(problem, errors.Error) and not isinstance(problem, errors.TimeoutError):
            return BusError(f"{server} ends the connection: {problem}", where=self.where, mend="see the server's log")
        return BusError(f"nothing answers at {server}", where=self.where, mend="see whether NATS runs there")


def _command(subject: str, reply: bytes, headers: bytes, data: bytes) -> bytes:
    if headers:
        length = len(headers)
        return b"HPUB %b %b %d %d\r\n%b%b\r\n" % (subject.encode(), reply, length, length + len(data), headers, data)
    return b"PUB %b %b %d\r\n%b\r\n" % (subject.encode(), reply, len(data), data)


async def _dispose(client: Client) -> None:
    """Close a client, and do not wait for a server that does not take what is left to be sent."""
    with suppress(TimeoutError, OSError, errors.Error):
        async with asyncio.timeout(_CLOSE_WITHIN):
            await client.close()


def header_lines(headers: Mapping[str, str]) -> bytes:
    """Return headers as they are sent; their names and values hold no ends of lines."""
    return ("NATS/1.0\r\n" + "".join([f"{name}: {value}\r\n" for name, value in headers.items()]) + "\r\n").encode()
