"""`redis+sentinel://`: the primary is the one that Sentinels name, and another one after a failover."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Literal

import pytest
from redis import Redis as SyncClient
from redis.asyncio import Redis as Client
from redis.exceptions import ConnectionError as RedisConnectionError

from eventkit import BusError, ConfigurationError, PublishError, connect
from eventkit.bus.protocol import Bus
from eventkit.bus.redis.address import Address
from eventkit.delivery.subscription import Done, Subscription
from eventkit.testing.conformance.support import LONG, PATIENCE, event, name_of, publish, subscribed, take
from tests.servers.proxy import Proxy
from tests.servers.redis import Redis, RedisSentinel
from tests.servers.server import free_port


@dataclass
class Watched:
    """A primary with a replica, and a Sentinel that looks after both."""

    primary: Redis
    replica: Redis
    sentinel: RedisSentinel


@pytest.fixture
def watched(redis_server: Redis, tmp_path: Path) -> Iterator[Watched]:
    at_once = {"repl_diskless_sync_delay": "0"}  # to replicas: for five seconds, Redis waits for more of them
    with (
        Redis(tmp_path / "primary", **at_once) as primary,
        Redis(tmp_path / "replica", replicaof=f"127.0.0.1 {primary.port}", **at_once) as replica,
    ):
        with SyncClient.from_url(primary.url) as client:
            assert client.wait(1, int(PATIENCE * 1000)) == 1  # a Sentinel asks who replicates it, and not soon again
        with RedisSentinel(tmp_path / "sentinel", watches=primary) as sentinel:
            with SyncClient(port=sentinel.port) as client:
                end = monotonic() + PATIENCE
                while not any(each["flags"] == "slave" for each in client.sentinel_slaves("mymaster")):
                    assert monotonic() < end
                    sleep(0.05)
            yield Watched(primary, replica, sentinel)


async def replicated(server: Redis) -> None:
    """Wait until the replica has all that the primary acknowledged."""
    async with Client.from_url(server.url) as client:
        assert await client.wait(1, int(PATIENCE * 1000)) == 1


async def becomes(server: Redis, role: bytes) -> None:
    """Wait until a server is a `master` or a `slave`."""
    async with Client.from_url(server.url) as client, asyncio.timeout(PATIENCE):
        while True:
            with suppress(RedisConnectionError):  # the Sentinel ends all of them
                if (await client.role())[0] == role:
                    return
            await asyncio.sleep(0.05)


async def publish_through(bus: Bus, name: str) -> None:
    """Publish as an outbox does: again and again, until it works."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await bus.publish(event(name, key="order-1"))
                return
            except PublishError:
                await asyncio.sleep(0.1)


async def take_through(subscription: Subscription, count: int) -> list[str]:
    """Handle as a worker does: through errors, until so many are settled; return their names."""
    names: list[str] = []
    async with asyncio.timeout(PATIENCE):
        while len(names) < count:
            try:
                deliveries = await subscription.receive(count)
                await subscription.settle([Done(each) for each in deliveries])
            except BusError:
                await asyncio.sleep(0.1)
            else:
                names += map(name_of, deliveries)
    return names


@pytest.mark.slow
@pytest.mark.parametrize("how", ["the primary is killed", "the primary becomes a replica"])
async def test_after_a_failover_it_goes_on_at_the_new_primary(
    watched: Watched, how: Literal["the primary is killed", "the primary becomes a replica"]
) -> None:
    async with connect(watched.sentinel.url, lease=LONG) as bus, subscribed(bus) as subscription:
        await publish(bus, "abc", key="order-1")
        [out] = await take(subscription, 1)
        await replicated(watched.primary)
        if how == "the primary is killed":
            watched.primary.kill()
        else:
            async with Client(port=watched.sentinel.port) as client:
                await client.execute_command("SENTINEL FAILOVER mymaster")  # type: ignore[no-untyped-call]
            await becomes(watched.primary, b"slave")  # what it takes before is lost
        await becomes(watched.replica, b"master")

        await publish_through(bus, "d")
        await subscription.settle([Done(out)])
        assert await take_through(subscription, 3) == ["b", "c", "d"]
        async with Client.from_url(watched.replica.url) as client:
            assert (await client.xpending("eventkit:{order}", "payment_service"))["pending"] == 0


async def test_the_first_sentinel_that_answers_is_enough(watched: Watched) -> None:
    with Proxy(watched.sentinel.port) as silent:
        silent.swallow(replies=True)
        others = f"127.0.0.1:{free_port()},127.0.0.1:{silent.port}"
        async with connect(f"redis+sentinel://{others},127.0.0.1:{watched.sentinel.port}/mymaster") as bus:
            await publish(bus, "a")


async def test_they_know_no_such_primary(watched: Watched) -> None:
    with pytest.raises(BusError) as caught:
        async with connect(f"redis+sentinel://127.0.0.1:{watched.sentinel.port}/other"):
            pass
    assert str(caught.value).startswith(
        f"the server cannot be reached: no Sentinel tells where other is (127.0.0.1:{watched.sentinel.port} knows none"
    )


async def test_none_answers() -> None:
    with pytest.raises(BusError, match=r"^the server cannot be reached: no Sentinel tells where mymaster is \("):
        async with connect(f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{free_port()}/mymaster"):
            pass


async def test_a_server_is_no_sentinel(redis_server: Redis) -> None:
    with pytest.raises(BusError, match=r"no Sentinel tells where mymaster is .*unknown command"):
        async with connect(f"redis+sentinel://127.0.0.1:{redis_server.port}/mymaster"):
            pass


async def test_one_that_asks_for_a_password_gets_that_of_the_url(redis_server: Redis, tmp_path: Path) -> None:
    with RedisSentinel(tmp_path, watches=redis_server, requirepass="hunter2") as sentinel:
        with pytest.raises(BusError) as caught:
            async with connect(sentinel.url):
                pass
        assert "password" in str(caught.value)
        with pytest.raises(BusError, match="the server has no password") as caught:  # the Sentinel has taken it
            async with connect(sentinel.url.replace("//", "//:hunter2@")):
                pass
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "places", "primary", "database"),
    [
        ("redis://", (("localhost", 6379),), None, 0),
        ("redis://[::1]:7/3", (("::1", 7),), None, 3),
        ("redis+sentinel://one,two:7/shop", (("one", 26379), ("two", 7)), "shop", 0),
        ("rediss+sentinel://me:p%40ss@one/shop/2", (("one", 26379),), "shop", 2),
    ],
)
def test_how_urls_are_read(url: str, places: tuple[tuple[str, int], ...], primary: str | None, database: int) -> None:
    address = Address.of(url, url)
    assert (address.places, address.primary, address.database) == (places, primary, database)
    assert address.tls == url.startswith("rediss")
    assert address.password == ("p@ss" if "@" in url else None)


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("redis+sentinel://one,two", "the URL does not say what the Sentinels call the primary"),
        ("redis+sentinel://one,two/shop/events", "the database 'events' is no number"),
        ("redis://one,two", "several hosts are given, and a server has one"),
    ],
)
def test_urls_that_cannot_be_read(url: str, what: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{what}.*; write redis\\+sentinel://"):
        connect(url)
