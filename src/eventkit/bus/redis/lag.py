"""What the groups have not handled yet."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from eventkit.bus.protocol import Lag
from eventkit.bus.redis.keys import Keys
from eventkit.bus.redis.scripts import LAG
from eventkit.bus.redis.server import Server


async def lag(server: Server, keys: Keys) -> list[Lag]:
    """Return what the groups have not handled yet, sorted by group and domain.

    Raises:
        BusError: The server cannot be used.
    """
    groups = await keys.groups_of(server)
    return sorted(
        await asyncio.gather(*(_lag(server, keys, domain, group) for domain, group in groups)),
        key=lambda each: (each.group, each.domain),
    )


async def _lag(server: Server, keys: Keys, domain: str, group: str) -> Lag:
    counts = await server.run(LAG, (keys.stream(domain), keys.group(domain, group)), (group,))
    waiting, out, retrying, dead, oldest = counts
    return Lag(group, domain, waiting, out, retrying, dead, time_of(oldest) if oldest else None)


def time_of(entry: bytes) -> datetime:
    """Return when an entry was added; its id begins with that."""
    return datetime.fromtimestamp(int(entry.partition(b"-")[0]) / 1000, UTC)
