"""The dead letters on the server: kept until somebody replays or drops them.

Those of a group in a domain are a stream of their own. The id of one names all three: domain, group and entry, as
`order/payment_service/1767225600000-0`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from eventkit.bus.protocol import DeadLetter
from eventkit.bus.redis.entries import from_fields, parts_of
from eventkit.bus.redis.failures import failures_from
from eventkit.bus.redis.keys import Keys
from eventkit.bus.redis.lag import time_of
from eventkit.bus.redis.scripts import REPLAY
from eventkit.bus.redis.server import Server
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Reason

PAGE: Final = 500
_ID: Final = re.compile(r"(?P<domain>[^/]*)/(?P<group>[^/]*)/(?P<entry>[0-9]{1,20}-[0-9]{1,20})")
_Letters = list[DeadLetter]
_Entry = tuple[bytes, list[bytes]]


class RedisDeadLetters:
    """The dead letters of a bus.

    Args:
        server: The server.
        keys: The names of the bus's keys.
    """

    def __init__(self, server: Server, keys: Keys) -> None:
        self._server = server
        self._keys = keys

    async def list(self, *, group: str | None = None, limit: int = 100) -> Sequence[DeadLetter]:
        """Return the oldest dead letters, of one group or of all."""
        groups = [each for each in await self._keys.groups_of(self._server) if group in (None, each[1])]
        lists = await asyncio.gather(*(self._oldest(*each, limit) for each in groups))
        letters = sorted((each for some in lists for each in some), key=lambda letter: _order(letter.id))
        return letters[:limit]

    async def get(self, id: str) -> DeadLetter | None:
        """Return one dead letter."""
        if (found := _ID.fullmatch(id)) is None:
            return None
        domain, group, entry = found.groups()
        letters = await self._server.ask("XRANGE", self._keys.dead(domain, group), entry, entry)
        return _letter(domain, group, letters[0]) if letters else None

    async def replay(self, ids: Collection[str]) -> int:
        """Hand dead letters to their group again; return how many there were."""
        count = 0
        for domain, group, entries in _pages(ids):
            keys = (self._keys.stream(domain), self._keys.group(domain, group))
            count += await self._server.run(REPLAY, keys, (group, *entries))
        return count

    async def drop(self, ids: Collection[str]) -> int:
        """Remove dead letters for good; return how many there were."""
        count = 0
        for domain, group, entries in _pages(ids):
            count += await self._server.ask("XDEL", self._keys.dead(domain, group), *entries)
        return count

    async def _oldest(self, domain: str, group: str, limit: int) -> Sequence[DeadLetter]:
        letters: _Letters = []
        start = "-"
        while len(letters) < limit:
            ask = min(PAGE, limit - len(letters))
            page = await self._server.ask("XRANGE", self._keys.dead(domain, group), start, "+", "COUNT", ask)
            letters += [_letter(domain, group, each) for each in page]
            if len(page) < ask:
                break
            start = f"({page[-1][0].decode()}"
        return letters


def _pages(ids: Collection[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield domain, group and entries of ids, the oldest first, as many at once as one command takes."""
    entries: dict[tuple[str, str], list[str]] = {}
    for found in filter(None, map(_ID.fullmatch, dict.fromkeys(ids))):
        entries.setdefault((found["domain"], found["group"]), []).append(found["entry"])
    for (domain, group), some in entries.items():
        some.sort(key=_order)
        for first in range(0, len(some), PAGE):
            yield domain, group, some[first : first + PAGE]


def _order(id: str) -> tuple[int, ...]:
    return tuple(map(int, id.rpartition("/")[2].split("-")))


def _letter(domain: str, group: str, entry: _Entry) -> DeadLetter:
    id, (_, reason, _, failures, *fields) = entry
    message = from_fields(fields)
    headers, body = parts_of(fields)
    return DeadLetter(
        id=f"{domain}/{group}/{id.decode()}",
        group=group,
        type=message.type if isinstance(message, Envelope) else "",
        reason=Reason(reason.decode()),
        failures=failures_from(failures),
        headers=headers,
        body=body,
        at=time_of(id),
    )
