from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from eventkit import Envelope, RefusedError, connect
from eventkit.delivery.subscription import Dead, Reason
from eventkit.testing.conformance.support import event, failure, publish, subscribed, take
from tests.bus.nats.admin import admin
from tests.servers.nats import Nats

pytestmark = pytest.mark.server


class TestPublishing:
    async def test_an_event_that_is_published_twice_is_stored_once(self, server: Nats) -> None:
        async with connect(server.url) as bus, admin(server.url) as operator:
            await bus.publish(event("a"))
            await bus.publish(event("a"))

            assert await operator.count("order-stream") == 1

    async def test_the_same_id_of_another_publisher_is_another_event(self, server: Nats) -> None:
        async with connect(server.url) as bus, admin(server.url) as operator:
            for source in ("order_service", "shop"):
                await bus.publish(Envelope(id="1", source=source, type="order.created", data=b"{}"))

            assert await operator.count("order-stream") == 2

    async def test_many_at_once(self, server: Nats) -> None:
        async with connect(server.url) as bus, admin(server.url) as operator:
            await asyncio.gather(*(bus.publish(event(f"event-{number}")) for number in range(500)))

            assert await operator.count("order-stream") == 500

    async def test_what_is_too_large_for_the_server(self, nats_server: Nats, tmp_path: Path) -> None:
        with Nats(tmp_path, settings=["max_payload: 65536"]) as small:
            async with connect(small.url) as bus, subscribed(bus) as subscription:
                with pytest.raises(RefusedError, match="more than the limit of 49,152"):
                    await bus.publish(
                        Envelope(id="a", source="s", type="order.created", data=b'"%b"' % (b"x" * 49_100))
                    )
                await bus.publish(Envelope(id="b", source="s", type="order.created", data=b'"%b"' % (b"x" * 48_000)))

                # What is accepted can be kept, with whatever failed.
                [delivery] = await take(subscription, 1)
                await subscription.settle([Dead(delivery, Reason.FAILED, failure("ValueError: " + "ü" * 20_000))])
                [letter] = await bus.dead_letters.list()
                assert len(letter.body) == 48_002
                assert letter.failures[0].error.startswith("ValueError: üüü")

    async def test_what_is_too_large_for_the_stream(self, server: Nats) -> None:
        async with connect(server.url) as bus, admin(server.url) as operator:
            await bus.publish(event("a"))
            configuration = (await operator.api("STREAM.INFO.order-stream"))["config"]
            await operator.api("STREAM.UPDATE.order-stream", **{**configuration, "max_msg_size": 1000})
            with pytest.raises(RefusedError, match="too large for the stream"):
                await bus.publish(Envelope(id="b", source="s", type="order.created", data=b'"%b"' % (b"x" * 1000)))


class TestOtherPublishers:
    async def test_structured_events_on_plain_subjects(self, server: Nats) -> None:
        async with connect(server.url) as bus, subscribed(bus) as subscription, admin(server.url) as operator:
            await publish(bus, ["a"])
            await take(subscription, 1)
            document = b'{"specversion":"1.0","id":"b","source":"s","type":"order.created","data":{"x":1}}'
            await operator.send("order.created", document)

            [delivery] = await take(subscription, 1)
        assert delivery.message == Envelope(id="b", source="s", type="order.created", data=b'{"x":1}')

    async def test_what_is_no_event_becomes_a_dead_letter_as_it_came(self, server: Nats) -> None:
        async with connect(server.url) as bus, subscribed(bus) as subscription, admin(server.url) as operator:
            await operator.send("order.created", b"\xff\x00", {"Kind": "odd: one", "Nats-Msg-Id": "7"})
            [delivery] = await take(subscription, 1)
            await subscription.settle([Dead(delivery, Reason.UNREADABLE, failure())])

            [letter] = await bus.dead_letters.list()
            assert (letter.type, letter.headers, letter.body) == ("", {"Kind": "odd: one"}, b"\xff\x00")
            assert [(each.domain, each.dead) for each in await bus.lag()] == [("order", 1)]
            assert await bus.dead_letters.replay([letter.id]) == 1
            [again] = await take(subscription, 1)
            assert again.message.headers == {"Kind": "odd: one"}  # type: ignore[union-attr]
