"""Names that an operator gives to streams and groups, as NATS shows them."""

from __future__ import annotations

import functools

import pytest

from eventkit import ConfigurationError, connect
from eventkit.testing.conformance.support import handle, publish, subscribed
from tests.bus.nats.admin import admin
from tests.bus.renaming import check
from tests.servers.nats import Nats


async def test_streams_and_groups_are_called_as_given(server: Nats) -> None:
    await check(functools.partial(connect, server.url))

    async with admin(server.url) as operator:
        assert set(await operator.streams()) == {
            "sales", "audit", "user-stream", "eventkit-dead", "eventkit-replay", "KV_eventkit"
        }  # fmt: skip
        types = [{word.rpartition(".")[0] for word in await operator.subjects(each)} for each in ("sales", "audit")]
        assert types == [{"order.created"}, {"_order.audited"}]
        documents = {word.split(".")[3] for word in await operator.subjects("KV_eventkit") if ".partitions." in word}
        assert documents == {"payments"}


async def test_buses_with_different_prefixes_share_a_server(server: Nats) -> None:
    await check(functools.partial(connect, server.url, prefix="shop-"))
    await check(functools.partial(connect, server.url))

    async with admin(server.url) as operator:
        assert {each for each in await operator.streams() if "shop" in each} == {
            "shop-sales", "shop-audit", "shop-user-stream", "shop-eventkit-dead", "shop-eventkit-replay",
            "KV_shop-eventkit",
        }  # fmt: skip
        subjects = await operator.subjects("shop-audit") | await operator.subjects("shop-user-stream")
        assert {word.rpartition(".")[0] for word in subjects} == {"_shop-order.audited", "shop-user.created"}


async def test_a_stream_that_holds_the_events_already_is_told_at_start(server: Nats) -> None:
    async with connect(server.url) as bus:
        await bus.subscribe("payment_service", ["order.created"])

    async with connect(server.url, streams={"order": "sales"}) as bus:
        with pytest.raises(ConfigurationError, match=r"the stream sales cannot hold order\.>, because order-stream"):
            await bus.subscribe("payment_service", ["order.created"])


async def test_an_event_that_moves_to_another_stream_begins_there_with_the_first(server: Nats) -> None:
    """Its progress in the old stream says nothing of the new one, which the group may read for another type."""
    async with connect(server.url, streams={"user": "all"}, lease=60.0) as bus:
        await publish(bus, ["a", "b", "c"], type="user.created", key="k")
        await publish(bus, ["1", "2", "3", "4", "5", "6"], key="k")
        async with subscribed(bus, types=("order.created", "user.created")) as subscription:
            assert len(await handle(subscription, 9)) == 9
    async with admin(server.url) as operator:
        await operator.delete("order-stream")
        config = (await operator.api("STREAM.INFO.all"))["config"]
        await operator.api("STREAM.UPDATE.all", **config | {"subjects": ["order.>", "user.>"]})

    async with connect(server.url, streams={"user": "all", "order": "all"}, lease=60.0) as bus:
        await publish(bus, ["7"], key="k")
        async with subscribed(bus, types=("order.created", "user.created")) as subscription:
            assert await handle(subscription, 1) == ["7"]
