"""What docs/buses/redis.md says that a user needs is enough, and less is told clearly."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from redis.asyncio import Redis as Client

from eventkit import BusError, connect
from eventkit.bus.redis.trimming import trim
from eventkit.delivery.subscription import Dead, Reason
from eventkit.testing.conformance.support import again, failure, handle, publish, subscribed, take
from tests.servers.redis import Redis

PAGE = Path(__file__).parents[3] / "docs" / "buses" / "redis.md"


async def make_user(server: Redis, *rights: str) -> str:
    """Return the URL for a user with these rights."""
    async with Client.from_url(server.url) as client:
        await client.execute_command("ACL", "SETUSER", "bus", "reset", "on", ">hunter2", *rights)
    return f"redis://bus:hunter2@127.0.0.1:{server.port}/0"


async def test_the_rights_of_the_page_are_enough(own_server: Redis) -> None:
    [keys, rights] = re.findall(r"the keys `(.*?)` and the commands\s+`(.*?)`", PAGE.read_text())[0]
    url = await make_user(own_server, keys, *rights.split())

    async with connect(url) as bus, subscribed(bus) as subscription:
        await publish(bus, "abc", key="order-1")
        [a, b] = await take(subscription, 2)
        await subscription.extend([a, b])
        await subscription.settle([again(a), Dead(b, Reason.FAILED, failure())])
        assert await handle(subscription, 2) == ["a", "c"]
        [letter] = await bus.dead_letters.list()
        await bus.dead_letters.replay([letter.id])
        assert await handle(subscription, 1) == ["b"]
        assert await trim(bus._server, bus._keys, 0) == 0  # type: ignore[attr-defined]
        assert len(await bus.lag()) == 1


async def test_without_rights_it_says_so(own_server: Redis) -> None:
    url = await make_user(own_server, "~other:*", "+@all")

    async with connect(url) as bus:
        with pytest.raises(BusError, match="does not let this user do it"):
            await bus.subscribe("payment_service", ["order.created"])
