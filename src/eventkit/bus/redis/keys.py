"""How the keys of a bus are called.

    eventkit:{order}                              the stream of a domain
    eventkit:{order}:id:<source> <id>             an event that was published a short while ago
    eventkit:{order}:groups                       the groups that handle events of it, a set
    eventkit:{order}:group:payment_service:dead   the dead letters of a group, a stream too
    eventkit:{order}:group:payment_service:<...>  what else a group remembers; `lua/common.lua` says what
    eventkit:domains                              the domains, a set

What stands in braces decides where in a Redis Cluster a key is kept: all of a domain in one place.
"""

from __future__ import annotations

import asyncio

from eventkit.bus.naming import BY_DOMAIN, Streams
from eventkit.bus.redis.server import Server
from eventkit.contract.envelope import Envelope


class Keys:
    """The names of keys.

    Args:
        prefix: With what they begin.
        streams: What is kept apart. Each stands where a domain stands above, and is called a domain in this package.
    """

    def __init__(self, prefix: str, streams: Streams = BY_DOMAIN) -> None:
        self.domain_of = streams.of
        self._prefix = prefix
        self.domains = f"{prefix}:domains"

    def stream(self, domain: str) -> str:
        """Return the stream of a domain."""
        return f"{self._prefix}:{{{domain}}}"

    def groups(self, domain: str) -> str:
        """Return the groups that handle events of a domain."""
        return f"{self._prefix}:{{{domain}}}:groups"

    async def groups_of(self, server: Server) -> list[tuple[str, str]]:
        """Return all domains with the groups that handle their events.

        Raises:
            BusError: The server cannot be used.
        """
        domains = [each.decode() for each in await server.ask("SMEMBERS", self.domains)]
        groups = await asyncio.gather(*(server.ask("SMEMBERS", self.groups(domain)) for domain in domains))
        return [(domain, group.decode()) for domain, some in zip(domains, groups, strict=True) for group in some]

    def published(self, domain: str, envelope: Envelope) -> str:
        """Return the key that says that an event was published: source and id, because both together are unique."""
        return f"{self._prefix}:{{{domain}}}:id:{envelope.source} {envelope.id}"

    def group(self, domain: str, group: str) -> str:
        """Return what the keys of a group in a domain begin with."""
        return f"{self._prefix}:{{{domain}}}:group:{group}"

    def dead(self, domain: str, group: str) -> str:
        """Return the dead letters of a group in a domain."""
        return f"{self.group(domain, group)}:dead"
