"""The server of a bus: one connection for what is asked, opened again when it breaks, and scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from redis import exceptions
from redis.asyncio.connection import Connection, SSLConnection

from eventkit.bus.redis.address import Address, Place
from eventkit.bus.redis.errors import explained, unfit
from eventkit.bus.redis.link import PATIENCE, Argument, Link
from eventkit.bus.redis.scripts import Script
from eventkit.bus.redis.sentinel import primary_of
from eventkit.bus.settings import TLSFiles
from eventkit.bus.silence import START_WITHIN
from eventkit.contract.errors import BusError

CONNECT_WITHIN: Final = 4.5
"""Seconds for the connection, TLS and the password together."""
ANSWER_WITHIN: Final = 15.0
"""Seconds in which a script is done that is run once more; to notice a silent server takes up to 12.5 of them."""


class Server:
    """One server.

    Args:
        address: Where it is, or who knows it.
        tls: Files for TLS.
        where: The URL of the bus, without its password, for errors.
    """

    def __init__(self, address: Address, tls: TLSFiles, where: str) -> None:
        self.where = where
        self.closing = asyncio.Event()
        """Set while the server is not to be used."""
        self.risks: list[str] = []
        """What of its configuration loses events."""
        self._address = address
        self._tls = tls
        self._link: Link | None = None
        self._connecting: asyncio.Task[Link] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def open(self) -> None:
        """Connect, and see whether the server will do.

        Raises:
            BusError: It cannot be reached, refuses the password, or is a replica.
            ConfigurationError: It is too old, a node of a cluster, or a Sentinel.
        """
        self._loop = asyncio.get_running_loop()
        self.closing = asyncio.Event()
        try:
            async with asyncio.timeout(START_WITHIN):
                info = await self.ask("INFO")
            self._require_fit(info)
        except BaseException as error:
            silence = self.silence() if isinstance(error, TimeoutError) else None
            await self.close()
            if silence is not None:
                raise silence from None
            raise

    @property
    def is_open(self) -> bool:
        """Whether it can be used in the event loop that runs."""
        return self._loop is asyncio.get_running_loop()

    async def close(self) -> None:
        """Finish what was asked for, and disconnect."""
        self._shut()
        if self._connecting is not None:
            await asyncio.wait({self._connecting})
        if self._link is not None:
            await self._link.close()
            self._link = None

    async def ask(self, *command: Argument) -> Any:
        """Send one command and return its answer.

        Raises:
            BusError: The server refuses it or cannot be reached. Then the command may have been executed.
        """
        try:
            return await self._ask(*command)
        except (exceptions.RedisError, OSError) as error:
            raise explained(error, self.where) from error

    async def ping(self) -> None:
        """Have the server answer, also while what was asked for is being finished; raises BusError, or RedisError."""
        link = self._link
        await (self.ask("PING") if link is None or link.error is not None else link.ask("PING"))

    def give_up(self) -> None:
        """Fail what is asked for, and what will be before it is opened again."""
        self._shut()
        self.silence()

    def silence(self) -> BusError:
        """Give up on the connection, because the server answers nothing; return the error that says so."""
        error = exceptions.TimeoutError("it does not answer")
        if self._link is not None:
            self._link.fail(error)
        return explained(error, self.where)

    def begin(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument], link: Link | None = None
    ) -> asyncio.Future[Any] | None:
        """Have the server begin to run a script before this returns; None where it cannot be reached just now.

        Args:
            script: The script.
            keys: The keys that it uses.
            arguments: Its arguments.
            link: Another connection than the one for all.
        """
        link = link or self._link
        if link is None or link.error is not None or not self.is_open:
            return None
        return link.begin("EVALSHA", script.digest, len(keys), *keys, *arguments)

    async def run(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[Argument],
        *,
        again: bool = False,
        begun: asyncio.Future[Any] | None = None,
    ) -> Any:
        """Run a script, and return its answer.

        Args:
            script: The script.
            keys: The keys that it uses.
            arguments: Its arguments.
            again: Whether to run it once more where the answer was lost, within `ANSWER_WITHIN` in all.
            begun: What `begin` returned for the same.

        Raises:
            BusError: As `ask`.
        """
        words = (len(keys), *keys, *arguments)
        until = asyncio.get_running_loop().time() + ANSWER_WITHIN
        try:
            try:
                return await self._run(script, words, begun)
            except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
                if not again:
                    raise
                lost = error
            try:
                async with asyncio.timeout_at(until):
                    return await self._run(script, words)
            except TimeoutError:
                raise lost from None
        except (exceptions.RedisError, OSError) as error:
            raise explained(error, self.where) from error

    async def connect(self, patience: float) -> Link:
        """Return a connection of its own; the caller closes it.

        Args:
            patience: Seconds in which the server has to answer a command.

        Raises:
            BusError: It cannot be reached, or refuses the password.
        """
        try:
            return await self._connect(patience)
        except (exceptions.RedisError, OSError) as error:
            raise explained(error, self.where) from error

    def _shut(self) -> None:
        self._loop = None
        self.closing.set()
        if self._connecting is not None:
            self._connecting.cancel()

    async def _run(self, script: Script, words: Sequence[Argument], begun: asyncio.Future[Any] | None = None) -> Any:
        try:
            if begun is not None:
                return await begun
            return await self._ask("EVALSHA", script.digest, *words)
        except exceptions.NoScriptError:
            # It is new here: the server was started again, or another one has taken over.
            return await self._ask("EVAL", script.text, *words)

    async def _ask(self, *command: Argument) -> Any:
        link = self._link
        if link is None or link.error is not None or not self.is_open:
            link = await self._open_link()
        return await link.ask(*command)

    async def _open_link(self) -> Link:
        """Connect again, once for all who wait for it."""
        if not self.is_open:
            raise BusError(
                "the bus was opened in another event loop" if self._loop else "the bus is not open",
                where=self.where,
                mend="use it inside `async with connect(...)`, in the event loop of that block",
            )
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._replace_link())
            self._connecting.add_done_callback(self._connected)
        try:
            return await asyncio.shield(self._connecting)
        except asyncio.CancelledError:
            if self._loop is None:
                raise BusError("the bus was closed", where=self.where) from None
            raise

    def _connected(self, task: asyncio.Task[Link]) -> None:
        self._connecting = None
        if not task.cancelled():
            task.exception()  # whoever waited has it, if anybody does

    async def _replace_link(self) -> Link:
        if self._link is not None:
            await self._link.close()
            self._link = None
        self._link = await self._connect()
        return self._link

    async def _connect(self, patience: float = PATIENCE) -> Link:
        try:
            async with asyncio.timeout(CONNECT_WITHIN):
                address = self._address
                [place] = address.places if address.primary is None else [await primary_of(address, self._connection)]
                connection = self._connection(place, address.user, address.password, address.database)
                try:
                    await connection.connect()  # type: ignore[no-untyped-call]
                except BaseException:
                    await connection.disconnect(nowait=True)
                    raise
        except TimeoutError:
            raise exceptions.TimeoutError(f"no answer within {CONNECT_WITHIN:g} s") from None
        return Link(connection, patience)

    def _connection(self, place: Place, user: str | None, password: str | None, database: int = 0) -> Connection:
        settings: dict[str, Any] = {
            "host": place[0],
            "port": place[1],
            "db": database,
            "username": user,
            "password": password,
            "client_name": "eventkit",
            "protocol": 2,
            "socket_timeout": None,  # a link looks after that itself
            "socket_connect_timeout": CONNECT_WITHIN,
            "socket_keepalive": True,
        }
        if not self._address.tls:
            return Connection(**settings)
        tls = self._tls
        return SSLConnection(
            ssl_ca_certs=tls.ca or None, ssl_certfile=tls.cert or None, ssl_keyfile=tls.key or None, **settings
        )

    def _require_fit(self, info: bytes) -> None:
        facts = dict(line.split(":", 1) for line in info.decode(errors="replace").splitlines() if ":" in line)
        if problem := unfit(facts["redis_version"], facts.get("redis_mode", "standalone"), self.where):
            raise problem
        if facts.get("role") == "slave":
            raise explained(exceptions.ReadOnlyError("READONLY"), self.where)
        self.risks = []
        if facts.get("maxmemory_policy", "noeviction") != "noeviction":
            policy = facts["maxmemory_policy"]
            self.risks.append(
                f"evicts keys when its memory is full (maxmemory-policy {policy}): events would be lost; set noeviction"
            )
        if facts.get("aof_enabled") == "0":
            self.risks.append(
                "does not write what it acknowledges to its disk: events are lost when it ends; set appendonly yes"
            )
