"""Removing old events: only those that every group has settled."""

from __future__ import annotations

from eventkit.bus.redis.keys import Keys
from eventkit.bus.redis.scripts import TRIM
from eventkit.bus.redis.server import Server


async def trim(server: Server, keys: Keys, keep: int) -> int:
    """Remove from all streams what is old and what no group needs any more; return how many events it was.

    Args:
        server: The server.
        keys: The names of the bus's keys.
        keep: For how many milliseconds events are kept for groups that come later.

    Raises:
        BusError: The server cannot be used.
    """
    count = 0
    for domain in await server.ask("SMEMBERS", keys.domains):
        # In steps, because nobody else is served meanwhile.
        while removed := await server.run(TRIM, (keys.stream(domain.decode()),), (keep,)):
            count += removed
    return count
