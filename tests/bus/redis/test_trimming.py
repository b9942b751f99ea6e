"""Old events leave the stream, and never one that a group has not settled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from redis.asyncio import Redis as Client

from eventkit.bus.protocol import Bus
from eventkit.bus.redis.address import Address
from eventkit.bus.redis.keys import Keys
from eventkit.bus.redis.server import Server
from eventkit.bus.redis.trimming import trim
from eventkit.bus.settings import TLSFiles
from eventkit.delivery.subscription import Dead, Done, Reason, Released
from eventkit.testing.conformance.support import (
    PATIENCE,
    again,
    event,
    failure,
    handle,
    name_of,
    publish,
    subscribed,
    take,
)
from tests.bus.redis.conftest import Connect
from tests.servers.redis import Redis

Left = Callable[..., Awaitable[list[str]]]
MANY = 500  # the server removes whole blocks of a stream only, of 100 entries


async def fill(bus: Bus, name: str = "event") -> None:
    await asyncio.gather(*(bus.publish(event(f"{name}-{number}")) for number in range(MANY)))


async def handle_all(bus: Bus, group: str, count: int) -> None:
    async with subscribed(bus, group) as subscription:
        await subscription.settle([Done(each) for each in await take(subscription, count)])


@pytest.fixture
def stream(prefix: str) -> str:
    return f"{prefix}:{{order}}"


@pytest.fixture
async def left(redis_server: Redis, prefix: str, client: Client, stream: str) -> AsyncIterator[Left]:
    """Removes what may go, and returns which events are left."""
    server = Server(Address.of(redis_server.url, redis_server.url), TLSFiles(), redis_server.url)

    async def left(keep: int = 0) -> list[str]:
        await trim(server, Keys(prefix), keep)
        return [fields[b"ce-id"].decode() for _, fields in await client.xrange(stream)]

    await server.open()
    yield left
    await server.close()


async def test_what_all_groups_have_settled_goes(bus_factory: Connect, left: Left) -> None:
    async with bus_factory() as bus:
        await fill(bus)
        await handle_all(bus, "payment_service", MANY)
        await handle_all(bus, "product_service", MANY)

    assert len(await left()) <= 100


async def test_what_one_group_has_not_seen_stays(bus_factory: Connect, left: Left) -> None:
    async with bus_factory() as bus:
        await fill(bus)
        await handle_all(bus, "payment_service", MANY)
        async with subscribed(bus, "product_service"):
            pass

    assert len(await left()) == MANY
    async with bus_factory() as bus:
        await handle_all(bus, "product_service", MANY)


async def test_what_is_out_or_waits_stays(bus_factory: Connect, left: Left) -> None:
    async with bus_factory() as bus, subscribed(bus) as subscription:
        await fill(bus)
        await publish(bus, ["out", "again", "released"])
        deliveries = await take(subscription, MANY + 3)
        out, failed, released = deliveries[MANY:]
        await fill(bus, "later")
        await subscription.settle([Done(each) for each in deliveries[:MANY]])
        await subscription.settle([again(failed, after=PATIENCE), Released(released)])
        later = await take(subscription, MANY + 1)
        await subscription.settle([Released(each) if name_of(each) == "released" else Done(each) for each in later])

        found = await left()
        assert {"out", "again", "released"} <= set(found)
        assert len(found) < MANY + 103, "what was settled before is gone"

        await subscription.settle([Done(out)])
        assert {"again", "released"} <= set(await left())
        assert await handle(subscription, 1) == ["released"]
        assert "again" in await left()


async def test_what_is_not_old_enough_stays(bus_factory: Connect, left: Left) -> None:
    async with bus_factory() as bus:
        await fill(bus)
        await handle_all(bus, "payment_service", MANY)

    assert len(await left(keep=86_400_000)) == MANY


async def test_what_no_group_reads_goes_when_it_is_old(bus_factory: Connect, left: Left) -> None:
    async with bus_factory() as bus:
        await fill(bus)

    assert len(await left()) <= 100


async def test_a_group_of_another_program_counts_too(
    bus_factory: Connect, left: Left, client: Client, stream: str
) -> None:
    async with bus_factory() as bus:
        await fill(bus)
        await handle_all(bus, "payment_service", MANY)
        await client.xgroup_create(stream, "audit", "0")

    assert len(await left()) == MANY


async def test_dead_letters_stay(bus_factory: Connect, left: Left) -> None:
    async with bus_factory() as bus, subscribed(bus) as subscription:
        await fill(bus)
        given_up = await take(subscription, MANY)
        await subscription.settle([Dead(each, Reason.FAILED, failure()) for each in given_up])
        await left()

        letters = await bus.dead_letters.list(limit=MANY)
        assert len(letters) == MANY
        assert await bus.dead_letters.replay([letters[0].id]) == 1
        assert len(await handle(subscription, 1)) == 1


async def test_who_only_looks_removes_nothing(bus_factory: Connect, client: Client, stream: str) -> None:
    """Its URL may say nothing of how long the services keep events."""
    async with bus_factory(retention=1000.0) as bus:
        await fill(bus)
        await handle_all(bus, "payment_service", MANY)
    async with bus_factory(retention=0.0) as tool:
        await tool.lag()
        await tool.dead_letters.list()
        await asyncio.sleep(0.2)
        assert await client.xlen(stream) == MANY

        await tool.subscribe("payment_service", ["order.created"])
        async with asyncio.timeout(PATIENCE):
            while await client.xlen(stream) == MANY:  # noqa: ASYNC110 - the server does not tell
                await asyncio.sleep(0.01)
