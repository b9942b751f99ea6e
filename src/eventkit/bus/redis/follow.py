"""Events as they are published, for those who only look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from datetime import datetime
from typing import Final

from redis import exceptions

from eventkit.bus.redis.entries import ADDRESSEE, from_fields
from eventkit.bus.redis.errors import explained
from eventkit.bus.redis.keys import Keys
from eventkit.bus.redis.link import Argument, Link
from eventkit.bus.redis.server import Server
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Unreadable

LOOK: Final = 1.0
"""Seconds after which a follower looks for new domains."""
_PATIENCE: Final = 10 * LOOK
_PAGE: Final = 100
_LAST: Final = 2**64 - 1  # the last number that an entry of one millisecond can have


async def follow(
    server: Server, keys: Keys, types: Collection[str] | None, since: datetime | None
) -> AsyncGenerator[Envelope | Unreadable, None]:
    """Yield events as they are published, until the bus is closed.

    Args:
        server: The server.
        keys: The names of the bus's keys.
        types: Event types; None means all.
        since: Begin with what is there from then on; None means with what comes.

    Raises:
        BusError: The server cannot be used.
    """
    begin = "0-0" if since is None else f"{max(0, int(since.timestamp() * 1000) - 1)}-{_LAST}"
    seen: dict[str, str] = {}
    for stream in await _streams(server, keys, types):
        seen[stream] = begin if since is not None else await _last(server, stream)
    link = await server.connect(_PATIENCE)
    try:
        while not server.closing.is_set():
            for stream, entry, fields in await _read(server, link, seen):
                seen[stream] = entry
                if ADDRESSEE in fields[::2]:
                    continue  # a dead letter that was replayed
                message = from_fields(fields)
                if types is None or (isinstance(message, Envelope) and message.type in types):
                    yield message
            if types is None and not server.closing.is_set():
                for stream in await _streams(server, keys, None):
                    seen.setdefault(stream, begin)
    finally:
        await link.close()


async def _streams(server: Server, keys: Keys, types: Collection[str] | None) -> list[str]:
    domains = await server.ask("SMEMBERS", keys.domains)  # also where types are given: it says whether the bus is open
    if types is None:
        return sorted(keys.stream(each.decode()) for each in domains)
    return sorted({keys.stream(keys.domain_of(each)) for each in types})


async def _last(server: Server, stream: str) -> str:
    newest = await server.ask("XREVRANGE", stream, "+", "-", "COUNT", 1)
    return newest[0][0].decode() if newest else "0-0"


async def _read(server: Server, link: Link, seen: dict[str, str]) -> list[tuple[str, str, list[bytes]]]:
    """Return what is new: stream, entry, fields. Returns nothing after a while, or when the bus is closed."""
    closing = asyncio.ensure_future(server.closing.wait())
    command: list[Argument] = ["XREAD", "COUNT", _PAGE, "BLOCK", int(LOOK * 1000), "STREAMS", *seen, *seen.values()]
    reading = asyncio.ensure_future(link.ask(*command) if seen else asyncio.sleep(LOOK))
    try:
        await asyncio.wait({closing, reading}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            return []
        found = reading.result() or ()
        return [(stream.decode(), entry.decode(), fields) for stream, some in found for entry, fields in some]
    except (exceptions.RedisError, OSError) as error:
        raise explained(error, server.where) from error
    finally:
        for each in (closing, reading):
            each.cancel()
        await asyncio.gather(closing, reading, return_exceptions=True)
