"""Servers that die, networks that fail, processes that are killed: what was acknowledged is there, and once."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from multiprocessing.synchronize import Event as SyncEvent

import pytest
from redis.asyncio import Redis as Client

from eventkit import BusError, Envelope, Event, PublishError, Service, connect
from eventkit.bus.protocol import Bus, DeadLetter
from eventkit.delivery.subscription import Dead, Delivery, Done, Reason, Subscription
from eventkit.testing.conformance.support import (
    LONG,
    PATIENCE,
    again,
    failure,
    handle,
    name_of,
    names_of,
    publish,
    subscribed,
    take,
)
from tests.bus.redis.conftest import Connect
from tests.servers.proxy import Proxy
from tests.servers.redis import Redis


class OrderCreated(Event, type="order.created"):
    number: int


@asynccontextmanager
async def behind(proxy: Proxy, server: Redis, prefix: str, **settings: float) -> AsyncIterator[Bus]:
    async with connect(proxy.url(server.url), prefix=prefix, **settings) as bus:
        yield bus


async def stored(client: Client, prefix: str) -> list[str]:
    """Return the ids of the events in the stream."""
    return [fields[b"ce-id"].decode() for _, fields in await client.xrange(f"{prefix}:{{order}}")]


class TestLostAnswers:
    async def test_an_event_whose_answer_is_lost_is_published_once(
        self, redis_server: Redis, prefix: str, client: Client
    ) -> None:
        with Proxy(redis_server.port) as proxy:
            async with behind(proxy, redis_server, prefix) as bus:
                await publish(bus, ["first"])
                proxy.swallow(replies=True)
                publishing = asyncio.create_task(publish(bus, ["a"]))
                await asyncio.to_thread(proxy.wait_until_swallowed)
                proxy.heal()
                proxy.cut()
                await publishing

                assert await stored(client, prefix) == ["first", "a"]

    async def test_publishing_while_nothing_can_be_reached_says_so(
        self, redis_server: Redis, prefix: str, client: Client
    ) -> None:
        with Proxy(redis_server.port) as proxy:
            async with behind(proxy, redis_server, prefix) as bus:
                await publish(bus, ["first"])
                proxy.refuse()
                proxy.cut()
                with pytest.raises(PublishError, match="the server cannot be reached"):
                    await publish(bus, ["a"])
                proxy.accept()
                await publish(bus, ["a"])

                assert await stored(client, prefix) == ["first", "a"]

    @pytest.mark.slow
    async def test_publishing_to_a_server_that_falls_silent_says_so_in_time_and_writes_once(
        self, own_server: Redis, prefix: str
    ) -> None:
        async with connect(own_server.url, prefix=prefix) as bus:
            await publish(bus, ["first"])
            own_server.pause()
            begun = time.monotonic()
            try:
                with pytest.raises(PublishError, match="no answer within"):
                    await publish(bus, ["a"])
                assert time.monotonic() - begun < 16  # a second for a busy machine
            finally:
                own_server.resume()
            await publish(bus, ["a"])

            async with Client.from_url(own_server.url) as client:
                assert await stored(client, prefix) == ["first", "a"]

    async def test_what_was_handed_out_to_nobody_comes_back_at_once(self, redis_server: Redis, prefix: str) -> None:
        with Proxy(redis_server.port) as proxy:
            async with behind(proxy, redis_server, prefix, lease=LONG) as bus, subscribed(bus) as subscription:
                await publish(bus, "ab", key="order-1")
                proxy.swallow(replies=True)
                taking = asyncio.create_task(subscription.receive(2))
                await asyncio.to_thread(proxy.wait_until_swallowed)
                proxy.heal()
                proxy.cut()
                with pytest.raises(BusError):
                    await taking

                deliveries = await take(subscription, 2)
                assert names_of(deliveries) == ["a", "b"]
                assert [each.attempt for each in deliveries] == [1, 1]

    async def test_an_outcome_whose_answer_is_lost_counts_once(self, redis_server: Redis, prefix: str) -> None:
        with Proxy(redis_server.port) as proxy:
            async with behind(proxy, redis_server, prefix) as bus, subscribed(bus) as subscription:
                await publish(bus, ["a", "b"])
                [a] = await take(subscription, 1)
                proxy.swallow(replies=True)
                settling = asyncio.create_task(subscription.settle([Done(a)]))
                await asyncio.to_thread(proxy.wait_until_swallowed)
                proxy.heal()
                proxy.cut()
                with pytest.raises(BusError):
                    await settling
                await subscription.settle([Done(a)])

                assert await handle(subscription, 1) == ["b"]


class TestWaiting:
    async def test_what_comes_is_taken_in_the_trip_that_ends_the_wait(
        self, redis_server: Redis, bus_factory: Connect, prefix: str, client: Client
    ) -> None:
        with Proxy(redis_server.port) as proxy:
            async with behind(proxy, redis_server, prefix) as bus, subscribed(bus) as subscription:
                waiting = await _wait(subscription, client)
                proxy.swallow(requests=True)
                async with bus_factory() as other:
                    await publish(other, ["a"])
                assert names_of(await waiting) == ["a"]
                proxy.heal()

    async def test_what_comes_to_one_who_gave_up_waiting_goes_to_another(
        self, bus_factory: Connect, client: Client
    ) -> None:
        async with bus_factory(lease=LONG) as bus, subscribed(bus) as subscription, subscribed(bus) as other:
            waiting = await _wait(subscription, client)
            waiting.cancel()
            await publish(bus, ["a"])
            [delivery] = await take(other, 1)
            assert (names_of([delivery]), delivery.attempt) == (["a"], 1)

    async def test_stopping_waits_for_no_server_that_is_silent(
        self, redis_server: Redis, prefix: str, client: Client
    ) -> None:
        with Proxy(redis_server.port) as proxy:
            async with behind(proxy, redis_server, prefix) as bus:
                subscription = await bus.subscribe("payment_service", ["order.created"])
                waiting = await _wait(subscription, client)
                proxy.swallow(requests=True, replies=True)
                closing = asyncio.create_task(subscription.close())
                with pytest.raises(BusError, match="the connection was closed"):
                    await asyncio.wait_for(waiting, PATIENCE)
                closing.cancel()
                await asyncio.wait({closing})
                proxy.cut()


class TestNetwork:
    async def test_a_service_goes_on_when_the_network_is_back(self, redis_server: Redis, prefix: str) -> None:
        payment, numbers = Service("payment_service"), set[int]()

        @payment.handler
        async def handle_order_created(event: OrderCreated) -> None:
            numbers.add(event.number)

        sent = set[int]()
        with Proxy(redis_server.port) as proxy:
            async with (
                behind(proxy, redis_server, prefix, lease=1.0) as bus,
                connect(redis_server.url, prefix=prefix) as other,
                payment.run(bus),
            ):
                for turn in range(5):
                    for number in range(turn * 20, turn * 20 + 20):
                        await other.publish(_numbered(number))
                        sent.add(number)
                        await asyncio.sleep(0)
                    proxy.cut()
                await _until(lambda: numbers == sent)

    async def test_a_wait_notices_that_the_connection_is_gone(
        self, redis_server: Redis, prefix: str, client: Client
    ) -> None:
        with Proxy(redis_server.port) as proxy:
            async with behind(proxy, redis_server, prefix) as bus, subscribed(bus) as subscription:
                waiting = await _wait(subscription, client)
                proxy.cut()
                async with asyncio.timeout(PATIENCE):
                    with pytest.raises(BusError, match="cannot be reached"):
                        await waiting


class TestKilledServer:
    @pytest.mark.slow
    async def test_what_was_acknowledged_survives_and_the_service_goes_on(self, own_server: Redis) -> None:
        payment, numbers = Service("payment_service"), list[int]()

        @payment.handler
        async def handle_order_created(event: OrderCreated) -> None:
            numbers.append(event.number)

        acknowledged = set[int]()
        async with connect(own_server.url, lease=1.0) as bus, payment.run(bus):
            number = 0
            for turn in range(4):
                refused = 0
                while len(acknowledged) < 50 * (turn + 1) or refused < 10:
                    try:
                        await bus.publish(_numbered(number))
                        acknowledged.add(number)
                    except PublishError:
                        refused += 1
                    number += 1
                    if len(acknowledged) == 50 * (turn + 1):
                        await asyncio.to_thread(own_server.kill)
                await asyncio.to_thread(own_server.start)
            await _until(lambda: acknowledged <= set(numbers))

        print(f"{len(acknowledged)} acknowledged of {number}, {len(numbers) - len(set(numbers))} handled twice")
        assert not await _letters(own_server)


class TestFullMemory:
    async def test_nothing_more_is_published_and_handlers_go_on(self, own_server: Redis) -> None:
        async with (
            connect(own_server.url) as bus,
            subscribed(bus) as subscription,
            Client.from_url(own_server.url) as client,
        ):
            await publish(bus, "abcd", key="order-1")
            await client.config_set("maxmemory", "1mb")
            with pytest.raises(PublishError, match="no memory left"):
                await publish(bus, ["e"])

            a, b = await take(subscription, 2)
            await subscription.extend([a, b])
            await subscription.settle([again(a), Dead(b, Reason.FAILED, failure())])
            assert await handle(subscription, 3) == ["a", "c", "d"]
            assert len(await bus.dead_letters.list()) == 1

            await client.config_set("maxmemory", "0")
            await publish(bus, ["e"])
            assert await handle(subscription, 1) == ["e"]


class TestKilledConsumer:
    async def test_its_events_go_to_another_in_order(
        self, bus_factory: Connect, redis_server: Redis, prefix: str
    ) -> None:
        async with bus_factory(lease=LONG) as bus:
            await publish(bus, "abc", key="order-1")
            await publish(bus, ["other"])
            context = multiprocessing.get_context("spawn")
            holding = context.Event()
            consumer = context.Process(target=_hold, args=(redis_server.url, prefix, holding), daemon=True)
            consumer.start()
            try:
                assert await asyncio.to_thread(holding.wait, PATIENCE)
            finally:
                consumer.kill()
                consumer.join()

            async with subscribed(bus) as subscription:
                deliveries = await take(subscription, 4)
                assert [name_of(each) for each in deliveries if name_of(each) != "other"] == ["a", "b", "c"]
                assert [each.attempt for each in deliveries] == [2, 2, 2, 2]


async def _wait(subscription: Subscription, client: Client) -> asyncio.Task[Sequence[Delivery]]:
    """Let a subscription wait for events; return when the server knows, which may still have those of other tests."""

    async def blocked() -> int:
        return int((await client.info("clients"))["blocked_clients"])

    async with asyncio.timeout(PATIENCE):
        while await blocked():  # noqa: ASYNC110 - a server tells nobody
            await asyncio.sleep(0.01)
        waiting = asyncio.create_task(subscription.receive(1))
        while not await blocked():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    return waiting


def _hold(url: str, prefix: str, holding: SyncEvent) -> None:
    """Take everything, and keep it until killed."""

    async def hold() -> None:
        async with connect(url, prefix=prefix, lease=LONG) as bus, subscribed(bus) as subscription:
            taken = await take(subscription, 4)
            subscription.lease = 0.5
            await subscription.extend(taken)  # once, so that none of them has come back before all are out
            holding.set()
            await asyncio.sleep(PATIENCE)

    asyncio.run(hold())


def _numbered(number: int) -> Envelope:
    return Envelope.of(OrderCreated(number=number), source="order_service")


async def _letters(server: Redis) -> Sequence[DeadLetter]:
    async with connect(server.url) as bus:
        return await bus.dead_letters.list()


async def _until(condition: Callable[[], bool]) -> None:
    # What is waited for happens in another process, or on the network.
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
