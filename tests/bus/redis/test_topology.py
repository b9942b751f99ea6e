"""With `create=false` nothing is made, and what is missing is named."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest
from redis.asyncio import Redis as Client

from eventkit import BusError, PublishError
from eventkit.testing.conformance.support import event, handle, publish, subscribed, take_some
from tests.bus.redis.conftest import Connect


@pytest.fixture
def stream(prefix: str) -> str:
    return f"{prefix}:{{order}}"


async def test_there_is_no_stream(bus_factory: Connect, client: Client, prefix: str, stream: str) -> None:
    async with bus_factory(create=False) as bus:
        with pytest.raises(PublishError) as publishing:
            await bus.publish(event("a"))
        with pytest.raises(BusError) as subscribing:
            await bus.subscribe("payment_service", ["order.created"])

    for caught in (publishing, subscribing):
        assert str(caught.value).startswith(f"there is no stream {stream}, and create=false")
        assert caught.value.mend.endswith(f"XGROUP CREATE {stream} SERVICE 0 MKSTREAM")
    assert await client.keys(f"{prefix}*") == []


async def test_there_is_no_group(bus_factory: Connect, client: Client, prefix: str, stream: str) -> None:
    await client.xgroup_create(stream, "product_service", "0", mkstream=True)
    async with bus_factory(create=False) as bus:
        with pytest.raises(BusError) as caught:
            await bus.subscribe("payment_service", ["order.created"])

    assert str(caught.value).startswith(f"the stream {stream} has no group payment_service, and create=false")
    assert caught.value.mend == f"make it: XGROUP CREATE {stream} payment_service 0"
    assert await client.keys(f"{prefix}*") == [stream.encode()]


async def test_what_the_errors_say_is_all_it_takes(bus_factory: Connect, client: Client, stream: str) -> None:
    await client.execute_command("XGROUP", "CREATE", stream, "product_service", "0", "MKSTREAM")
    async with bus_factory(create=False) as bus:
        await publish(bus, ["a"])
        await client.execute_command("XGROUP", "CREATE", stream, "payment_service", "0")
        async with subscribed(bus) as subscription:
            await publish(bus, ["b"])
            assert await handle(subscription, 2) == ["a", "b"]


async def test_a_stream_that_is_gone_is_not_made_anew_by_publishing(
    bus_factory: Connect, client: Client, stream: str
) -> None:
    await client.xgroup_create(stream, "payment_service", "0", mkstream=True)
    async with bus_factory(create=False) as bus:
        await publish(bus, ["a"])
        await client.delete(stream)
        with pytest.raises(PublishError, match=f"^there is no stream {re.escape(stream)}, and create=false"):
            await bus.publish(event("b"))
        assert not await client.exists(stream)

        # What was refused is not taken for what was published.
        await client.xgroup_create(stream, "payment_service", "0", mkstream=True)
        await publish(bus, ["b"])
        assert await client.xlen(stream) == 1


async def test_a_group_that_is_gone_is_waited_for(
    bus_factory: Connect, client: Client, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    await client.xgroup_create(stream, "payment_service", "0", mkstream=True)
    async with bus_factory(create=False) as bus, subscribed(bus) as subscription:
        receiving = asyncio.create_task(take_some(subscription, 1))
        await client.xgroup_destroy(stream, "payment_service")
        await publish(bus, ["a"])
        with pytest.raises(BusError, match="has no group payment_service"):
            await receiving
        assert caplog.text == ""

        await client.xgroup_create(stream, "payment_service", "0")
        assert await handle(subscription, 1) == ["a"]
