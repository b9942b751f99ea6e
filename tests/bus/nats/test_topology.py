"""What the bus makes in the server, and what it does where something else is there."""

from __future__ import annotations

import pytest

from eventkit import BusError, ConfigurationError, PublishError, connect
from eventkit.testing.conformance.support import event, handle, publish, subscribed
from tests.bus.nats.admin import admin
from tests.servers.nats import Nats

pytestmark = pytest.mark.server


class TestStreams:
    async def test_what_is_made(self, server: Nats) -> None:
        async with connect(server.url) as bus, admin(server.url) as operator:
            await publish(bus, ["a"])

            assert sorted(await operator.streams()) == [
                "KV_eventkit", "eventkit-dead", "eventkit-replay", "order-stream",
            ]  # fmt: skip
            config = (await operator.api("STREAM.INFO.order-stream"))["config"]
        assert (config["subjects"], config["retention"], config["discard"]) == (["order.>"], "limits", "new")
        assert (config["storage"], config["max_age"], config["num_replicas"]) == ("file", 7 * 86_400 * 10**9, 1)

    async def test_events_of_a_key_lie_in_one_partition(self, server: Nats) -> None:
        async with connect(server.url) as bus, admin(server.url) as operator:
            await publish(bus, "abcdefgh", key="order-1")
            await publish(bus, [f"event-{number}" for number in range(100)])
            subjects = await operator.subjects("order-stream")

        assert set(subjects) == {f"order.created.{number}" for number in range(8)}
        assert max(subjects.values()) >= 8

    async def test_settings_that_differ_from_what_is_there_are_told(self, server: Nats) -> None:
        async with connect(server.url, retention=1.0) as bus:
            await publish(bus, ["a"])
        async with connect(server.url, retention=2.0, max_bytes=1_000_000) as bus:
            with pytest.raises(ConfigurationError, match="order-stream is another one") as caught:
                await bus.subscribe("payment_service", ["order.created"])
            with pytest.raises(PublishError, match="order-stream is another one"):
                await publish(bus, ["b"])
        assert "max_bytes is -1, not 1000000, max_age is 1 day, not 2 days" in str(caught.value)

    async def test_all_differences_are_told_at_once(self, server: Nats) -> None:
        others = {"partitions": 4, "retention": 1.0, "max_bytes": 1_000_000}
        async with connect(server.url, partitions=2) as bus, admin(server.url) as operator:
            await publish(bus, ["a"])
            config = (await operator.api("STREAM.INFO.eventkit-dead"))["config"]
            await operator.api("STREAM.UPDATE.eventkit-dead", **{**config, "max_age": 86_400 * 10**9})
            before = await operator.streams()

            with pytest.raises(ConfigurationError) as opening:
                await connect(server.url, **others).open()

            assert await operator.streams() == before
        for told in (
            "the bus has 2 partitions, not 4",
            "the stream eventkit-dead is another one than this bus needs: max_age is 1 day, not 0 s",
            "the stream order-stream is another one than this bus needs: max_bytes is -1, not 1000000",
        ):
            assert told in str(opening.value)
        assert str(opening.value).count("nats stream edit") == 1

    async def test_nothing_is_made_where_something_differs(self, server: Nats) -> None:
        async with connect(server.url) as bus:
            await publish(bus, ["a"])
        async with connect(server.url, retention=1.0) as bus, admin(server.url) as operator:
            with pytest.raises(ConfigurationError, match="max_age is 7 days, not 1 day"):
                await bus.subscribe("payment_service", ["invoice.sent", "order.created"])

            assert "invoice-stream" not in await operator.streams()

    async def test_what_an_operator_describes_is_no_difference(self, server: Nats) -> None:
        async with connect(server.url) as bus, admin(server.url) as operator:
            await publish(bus, ["a"])
            config = (await operator.api("STREAM.INFO.order-stream"))["config"]
            await operator.api("STREAM.UPDATE.order-stream", **{**config, "description": "orders"})
        async with connect(server.url) as bus:
            await publish(bus, ["b"])

    async def test_another_stream_that_holds_a_domain_is_named(self, server: Nats) -> None:
        async with admin(server.url) as operator, connect(server.url) as bus:
            await operator.api("STREAM.CREATE.ORDERS", name="ORDERS", subjects=["order.created.*"])

            with pytest.raises(ConfigurationError, match="because ORDERS holds some of it"):
                await bus.subscribe("payment_service", ["order.created"])

    async def test_replicas_need_a_cluster(self, server: Nats) -> None:
        async with connect(server.url, replicas=3) as bus:
            with pytest.raises(BusError, match="no cluster, and cannot keep replicas"):
                await bus.subscribe("payment_service", ["order.created"])

    async def test_a_full_stream_refuses_and_takes_again(self, server: Nats) -> None:
        async with connect(server.url, max_bytes=4096) as bus, admin(server.url) as operator:
            with pytest.raises(PublishError, match="is full: maximum bytes exceeded"):
                await publish(bus, [f"event-{number}" for number in range(1000)])
            await operator.api("STREAM.PURGE.order-stream")
            await publish(bus, ["a"])

            assert await operator.count("order-stream") == 1


class TestWithoutMaking:
    async def test_nothing_is_made(self, server: Nats) -> None:
        async with connect(server.url, create=False) as bus:
            with pytest.raises(BusError, match="KV_eventkit is not there, and create=false"):
                await bus.subscribe("payment_service", ["order.created"])
            with pytest.raises(PublishError, match="KV_eventkit is not there, and create=false"):
                await bus.publish(event("a"))
        async with admin(server.url) as operator:
            assert await operator.streams() == []

    async def test_what_is_there_is_used_whatever_its_limits(self, server: Nats) -> None:
        async with connect(server.url, retention=1.0) as bus:
            await publish(bus, ["a"])
        async with connect(server.url, create=False) as bus, subscribed(bus) as subscription:
            await publish(bus, ["b"])
            assert sorted(await handle(subscription, 2)) == ["a", "b"]

    async def test_a_domain_that_is_not_there(self, server: Nats) -> None:
        async with connect(server.url) as bus:
            await bus.subscribe("payment_service", ["invoice.sent"])
        async with connect(server.url, create=False) as bus:
            with pytest.raises(PublishError, match="the stream order-stream is not there"):
                await bus.publish(event("a"))


class TestPartitions:
    async def test_all_must_agree_on_their_number(self, server: Nats) -> None:
        async with connect(server.url, partitions=4) as bus:
            await publish(bus, ["a"])
        with pytest.raises(ConfigurationError, match=r"has 4 partitions, not 8.*connect with partitions=4"):
            await connect(server.url).open()

    async def test_one_is_enough(self, server: Nats) -> None:
        async with connect(server.url, partitions=1) as bus, subscribed(bus) as subscription:
            await publish(bus, "abc")

            assert await handle(subscription, 3) == ["a", "b", "c"]
