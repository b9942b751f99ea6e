from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from eventkit import BusError, Envelope, connect
from eventkit.bus.nats.documents import Document, Documents
from eventkit.bus.nats.subscription import NATSSubscription
from eventkit.delivery.subscription import Dead, Done, Failure, Reason
from eventkit.testing.conformance.support import (
    PATIENCE,
    handle,
    handle_by,
    name_of,
    nothing_comes,
    publish,
    subscribed,
    take,
)
from tests.bus.nats.admin import admin
from tests.servers.nats import Nats

pytestmark = pytest.mark.server


class TestTypes:
    async def test_a_type_that_is_no_subject(self, server: Nats) -> None:
        async with connect(server.url) as bus:
            with pytest.raises(BusError, match="cannot be read from NATS"):
                await bus.subscribe("payment_service", ["order.>"])


class TestReadingAhead:
    async def test_few_large_events_are_read_ahead(self, server: Nats) -> None:
        async with connect(server.url) as bus:
            for number in range(100):
                data = b'"%b"' % (b"x" * 200_000)
                await bus.publish(Envelope(id=str(number), source="a", type="order.created", data=data, key="order-1"))
            subscription = await bus.subscribe("payment_service", ["order.created"])
            assert isinstance(subscription, NATSSubscription)
            most = 0
            for number in range(100):
                [delivery] = await take(subscription, 1)
                assert name_of(delivery) == str(number)
                await subscription.settle([Done(delivery)])
                most = max(most, len(subscription.queue))

        assert 5 < most < 50


class TestHandingOver:
    async def test_an_instance_that_comes_gets_its_share_at_once(self, server: Nats) -> None:
        names = [f"event-{number}" for number in range(80)]
        async with connect(server.url, lease=90) as one, connect(server.url, lease=90) as two, subscribed(one) as first:
            await publish(one, names)
            done = await handle(first, 1)
            async with subscribed(two) as second, asyncio.timeout(PATIENCE):  # a third of the lease
                [delivery] = await take(second, 1)
                await second.settle([Done(delivery)])
                rest = await handle_by([first, second], 78)

        assert len({*done, name_of(delivery), *rest}) == 80

    async def test_partitions_that_could_not_be_given_up_in_order_are_handed_over_all_the_same(
        self, server: Nats, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Their documents name an owner who is there, and does not know of them any more."""
        url = f"{server.url}?lease=2"
        async with connect(url) as one, connect(url) as two, subscribed(one) as first:

            async def fail(partition: int) -> None:
                raise BusError("the server does not answer")

            monkeypatch.setattr(first, "_free", fail)
            async with subscribed(two) as second:
                await publish(one, [f"event-{number}" for number in range(40)])
                assert len(set(await handle_by([first, second], 40))) == 40

    async def test_instances_at_rest_read_no_documents_of_partitions(
        self, server: Nats, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With many of both, they would keep the server busy with nothing."""
        url = f"{server.url}?lease=1.5"
        async with connect(url) as one, connect(url) as two, subscribed(one) as first, subscribed(two) as second:
            assert isinstance(first, NATSSubscription)
            assert isinstance(second, NATSSubscription)
            async with asyncio.timeout(PATIENCE):
                while len(first.owned) != 4 or len(second.owned) != 4:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await asyncio.sleep(1.0)
            asked, get = [], Documents.get

            async def get_and_tell(documents: Documents, name: str) -> Document | None:
                asked.append(name)
                return await get(documents, name)

            monkeypatch.setattr(Documents, "get", get_and_tell)
            await asyncio.sleep(2.0)

            assert any(name.startswith("members.") for name in asked)
            assert not [name for name in asked if name.startswith("partitions.")]

    async def test_a_bus_that_is_closed_takes_nothing_back_of_what_it_gives_up(self, server: Nats) -> None:
        before = asyncio.all_tasks()
        async with connect(server.url, partitions=64) as bus:
            subscription = await bus.subscribe("payment_service", ["order.created"])
            assert isinstance(subscription, NATSSubscription)
            await bus.close()
            assert not subscription.owned
        assert asyncio.all_tasks() == before

    async def test_what_is_handled_slowly_is_handed_over_when_it_is_done(self, server: Nats) -> None:
        lease = 2.0
        async with (
            connect(server.url, lease=lease) as one,
            connect(server.url, lease=lease) as two,
            subscribed(one) as first,
        ):
            for key in range(16):  # some of them are of partitions that the second will get
                await publish(one, [f"{key}-a"], key=f"key-{key}")
            taken = await take(first, 16)
            async with subscribed(two) as second:
                clock = asyncio.get_running_loop().time
                until = clock() + 2 * lease
                waiting = asyncio.create_task(second.receive(1))
                while clock() < until:
                    await first.extend(taken)
                    await asyncio.sleep(lease / 10)
                assert not waiting.done()
                await first.settle([Done(each) for each in taken])
                for key in range(16):
                    await publish(two, [f"{key}-b"], key=f"key-{key}")
                async with asyncio.timeout(PATIENCE):
                    [delivery] = await waiting
                assert name_of(delivery).endswith("-b")

    async def test_consumers_are_removed_when_nobody_reads(self, server: Nats) -> None:
        async with connect(server.url) as bus, admin(server.url) as operator:
            async with subscribed(bus):
                async with asyncio.timeout(PATIENCE):
                    while len(await operator.consumers("order-stream")) < 8:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
            async with asyncio.timeout(PATIENCE):
                while await operator.consumers("order-stream"):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)


class TestReplayed:
    async def test_what_was_replayed_is_removed_when_it_is_handled(
        self, server: Nats, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with connect(server.url) as bus, admin(server.url) as operator, subscribed(bus) as subscription:
            for round_ in range(3):
                names = [f"{round_}-{number}" for number in range(10)]
                for number, name in enumerate(names):
                    await publish(bus, [name], key=f"key-{number}")
                for delivery in await take(subscription, 10):
                    failure = Failure(datetime.now(UTC), "ValueError: no")
                    await subscription.settle([Dead(delivery, Reason.FAILED, failure)])
                assert await bus.dead_letters.replay([each.id for each in await bus.dead_letters.list()]) == 10
                assert await operator.count("eventkit-replay") == 10
                assert set(await handle(subscription, 10)) == set(names)
                assert await operator.count("eventkit-replay") == 0
            assert await nothing_comes(subscription)
        assert not [each for each in caplog.records if each.levelname == "ERROR"]

    async def test_what_an_owner_that_ended_has_left_is_removed(
        self, server: Nats, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with connect(server.url) as bus, admin(server.url) as operator:
            async with subscribed(bus) as first:
                await publish(bus, ["a"], key="order-1")
                [delivery] = await take(first, 1)
                await first.settle([Dead(delivery, Reason.FAILED, Failure(datetime.now(UTC), "ValueError: no"))])
                await bus.dead_letters.replay([each.id for each in await bus.dead_letters.list()])
                with monkeypatch.context() as patched:
                    patched.setattr("eventkit.bus.nats.subscription.finished", lambda outcomes: [])
                    assert await handle(first, 1) == ["a"]
                assert await operator.count("eventkit-replay") == 1
            async with subscribed(bus) as second:
                assert await nothing_comes(second)
                assert await operator.count("eventkit-replay") == 0
            async with subscribed(bus) as third:
                assert await nothing_comes(third)
        assert not [each for each in caplog.records if each.levelname == "ERROR"]
