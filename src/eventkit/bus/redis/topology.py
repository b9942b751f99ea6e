"""What a bus needs on the server: a stream for each domain, and in it a group for each service."""

from __future__ import annotations

from eventkit.bus.redis.keys import Keys
from eventkit.bus.redis.server import Server
from eventkit.contract.errors import BusError


class Topology:
    """Sees whether streams and groups are there, and what they should be. Scripts make them, where they may.

    Args:
        server: The server.
        keys: The names of the bus's keys.
        create: Whether what is missing may be made.
    """

    def __init__(self, server: Server, keys: Keys, *, create: bool) -> None:
        self.create = create
        self._server = server
        self._keys = keys

    async def require_stream(self, domain: str) -> None:
        """Look at the stream of a domain.

        Raises:
            BusError: It is something else, it is missing and may not be made, or the server cannot be used.
        """
        stream = self._keys.stream(domain)
        kind = (await self._server.ask("TYPE", stream)).decode()
        if kind == "none":
            if not self.create:
                raise self.missing_stream(domain)
        elif kind != "stream":
            raise BusError(
                f"another program uses a key of the bus: {stream} is a {kind}, not a stream",
                where=self._server.where,
                mend="give the bus a `prefix` or a database of its own",
            )

    async def require_group(self, domain: str, group: str) -> None:
        """Look at the stream of a domain, and whether a group is there.

        Raises:
            BusError: As `require_stream`, for either.
        """
        await self.require_stream(domain)
        if self.create:
            return
        stream = self._keys.stream(domain)
        if group.encode() not in [info[1] for info in await self._server.ask("XINFO", "GROUPS", stream)]:
            raise BusError(
                f"the stream {stream} has no group {group}, and create=false",
                where=self._server.where,
                mend=f"make it: XGROUP CREATE {stream} {group} 0",
            )

    def missing_stream(self, domain: str) -> BusError:
        """Return that there is no stream and none may be made."""
        stream = self._keys.stream(domain)
        return BusError(
            f"there is no stream {stream}, and create=false",
            where=self._server.where,
            mend=f"make it with a group, which is a service's name: XGROUP CREATE {stream} SERVICE 0 MKSTREAM",
        )
