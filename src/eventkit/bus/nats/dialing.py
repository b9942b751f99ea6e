"""`Dialer`: from the servers of a bus to a connection that is let in, or why there is none."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from nats import errors

from eventkit.bus.nats.client import Client
from eventkit.bus.nats.denial import Denial
from eventkit.contract.errors import BusError, ConfigurationError, MissingExtraError

_CONNECT_WITHIN: Final = 2.0
_CLOSE_WITHIN: Final = 1.0


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


class Dialer:
    """Connects to one of several servers.

    Args:
        servers: `host:port`, in the order in which they are tried.
        login: How to be let in.
        tls: How to encrypt; None for servers that need not.
        ping: Seconds between two looks whether the server is there.
        where: The bus, for messages.
    """

    def __init__(
        self, servers: Sequence[str], login: Login, tls: ssl.SSLContext | None, ping: float, where: str
    ) -> None:
        self._servers = list(servers)
        self._login = login
        self._tls = tls
        self._ping = ping
        self._where = where

    async def connect(self, lost: Callable[[], None], denied: Callable[[Denial], None]) -> Client:
        """Return a connection to the first server that is found.

        Args:
            lost: Is called when the connection has ended, once or more often.
            denied: Is called where the user lacks a right.

        Raises:
            BusError: There is none, or it lets nobody in.
            ConfigurationError: The login's files are at fault.
        """
        found: list[BusError | ConfigurationError] = []
        for server in list(self._servers):
            try:
                client = await self._connect(server, lost, denied)
            except (BusError, ConfigurationError) as failed:
                # The next one is tried first the next time.
                self._servers.append(self._servers.pop(0))
                found.append(failed)
            else:
                self._learn(client)
                return client
        # What a server said is worth more than that another one is down.
        raise next((each for each in found if not isinstance(each.__cause__, OSError)), found[0])

    async def _connect(self, server: str, lost: Callable[[], None], denied: Callable[[Denial], None]) -> Client:
        problems: list[Exception] = []

        async def note(problem: Exception) -> None:
            problems.append(problem)

        async def closed() -> None:
            lost()

        client = Client(encrypt=self._tls is not None, lost=lost, denied=denied)
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
                await dispose(client)
            problem = next((each for each in problems if not isinstance(each, errors.NoServersError)), error)
            raise self._explained(problem, server) from problem
        except BaseException:
            await dispose(client)
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
                f"the file of the login cannot be read: {problem.strerror}", where=self._where, mend="see its path"
            )
        if isinstance(problem, errors.SecureConnWantedError):
            return BusError(f"{server} does not speak TLS", where=self._where, mend="write nats:// or encrypt it")
        if isinstance(problem, ssl.SSLError):
            return BusError(
                f"no encrypted connection to {server}: {problem.reason or problem}",
                where=self._where,
                mend="give the authority that signed its certificate as `tls_ca`",
            )
        if "authorization" in text or "authentication" in text:
            return BusError(f"{server} refuses the login", where=self._where, mend="see user, password, token or key")
        if isinstance(problem, errors.Error) and not isinstance(problem, errors.TimeoutError):
            return BusError(f"{server} ends the connection: {problem}", where=self._where, mend="see the server's log")
        return BusError(f"nothing answers at {server}", where=self._where, mend="see whether NATS runs there")


async def dispose(client: Client) -> None:
    """Close a client, and do not wait for a server that does not take what is left to be sent."""
    with suppress(TimeoutError, OSError, errors.Error):
        async with asyncio.timeout(_CLOSE_WITHIN):
            await client.close()
