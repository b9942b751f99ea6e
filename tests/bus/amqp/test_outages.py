"""Servers that are killed, networks that break, brokers that are short of memory: nothing is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import aiormq
import pytest
from aiormq.channel import Channel
from aiormq.exceptions import ChannelNotFoundEntity
from pamqp.commands import Channel as ChannelFrames

from eventkit.bus.amqp import AMQPBus, sender
from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, PublishError, RefusedError
from eventkit.contract.event import Event
from eventkit.contract.service import Service
from eventkit.delivery.subscription import Dead, Delivery, Done, Reason, Subscription
from eventkit.testing.conformance.support import (
    LONG,
    SHORT,
    again,
    event,
    failure,
    handle,
    name_of,
    names_of,
    publish,
    subscribed,
    take,
)
from tests.bus.amqp.support import PATIENCE, Broker, until
from tests.servers.proxy import Proxy
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.server import free_port

PROMPT = 5.0


class OrderCreated(Event, type="order.created", key="order_id"):
    order_id: str
    number: int


class Shop:
    """A service that handles orders, and what it has handled."""

    def __init__(self) -> None:
        self.service = Service("payment_service")
        self.handled: list[tuple[str, int]] = []

        @self.service.handler
        async def handle_order_created(event: OrderCreated) -> None:
            self.handled.append((event.order_id, event.number))

    def of(self, order: str) -> list[int]:
        """Return the numbers of an order, each where it was handled first."""
        return list(dict.fromkeys(number for each, number in self.handled if each == order))


async def publish_until_stored(bus: Bus, order: str, numbers: range) -> None:
    """Publish as a relay does: try again until it works."""
    for number in numbers:
        envelope = Envelope.of(OrderCreated(order_id=order, number=number), source="order_service")
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await bus.publish(envelope)
                    break
                except PublishError:
                    await asyncio.sleep(0.05)


async def receive_in_the_end(subscription: Subscription, limit: int) -> list[Delivery]:
    """Receive as a worker does: try again where the bus cannot be read."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                if received := list(await subscription.receive(limit)):
                    return received
            except BusError:
                await asyncio.sleep(0.05)


@pytest.fixture
def proxy(broker: Broker) -> Iterator[Proxy]:
    with Proxy(broker.server.port) as between:
        yield between


@pytest.mark.usefixtures("rabbitmq_server")
class TestServer:
    @pytest.mark.slow
    async def test_what_was_confirmed_is_handled_though_the_server_is_killed(self, tmp_path: Path) -> None:
        shop = Shop()
        with RabbitMQ(tmp_path) as server:
            broker = Broker(server)
            async with broker.connect() as bus, shop.service.run(bus):
                await publish_until_stored(bus, "before", range(30))
                publishing = asyncio.create_task(publish_until_stored(bus, "meanwhile", range(60)))
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
                await publishing
                await publish_until_stored(bus, "after", range(30))
                await until(lambda: len(shop.of("meanwhile")) == 60 and len(shop.of("after")) == 30)

        assert shop.of("before") == list(range(30))
        assert shop.of("meanwhile") == list(range(60))
        assert shop.of("after") == list(range(30))

    @pytest.mark.slow
    async def test_a_first_start_in_which_the_server_is_killed_is_made_up_for(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """RabbitMQ forgets queues that were made just before; it has confirmed nothing that was to go there."""
        with RabbitMQ(tmp_path) as server:
            for seconds in (0, 0.7, 2.0):
                shop, broker = Shop(), Broker(server)
                async with broker.connect() as bus:
                    starting = asyncio.create_task(bus.subscribe("payment_service", ["order.created"]))
                    publishing = asyncio.create_task(publish_until_stored(bus, "order-1", range(30)))
                    await until(lambda broker=broker: there_is(broker, "payment_service.0"))  # type: ignore[misc]
                    await asyncio.sleep(seconds)
                    await asyncio.to_thread(server.kill)
                    await asyncio.to_thread(server.start)
                    await asyncio.gather(starting, return_exceptions=True)
                    async with shop.service.run(bus):
                        await publishing
                        await until(lambda shop=shop: len(shop.of("order-1")) == 30)  # type: ignore[misc]
                assert shop.of("order-1") == list(range(30))
        assert "it is made again" in caplog.text

    @pytest.mark.slow
    async def test_an_event_that_is_too_large_for_the_server_is_refused_and_no_other(self, tmp_path: Path) -> None:
        """RabbitMQ closes the channel on which all publish."""
        with RabbitMQ(tmp_path, settings=["max_message_size = 2000"]) as server:
            async with Broker(server).connect() as bus, subscribed(bus) as subscription:
                too_large = replace(event("large"), data=b'{"text": "%s"}' % (b"x" * 3000))
                names = [f"{number}" for number in range(40)]
                for _ in range(2):
                    results = await asyncio.gather(
                        *(bus.publish(event(name)) for name in names[:20]),
                        bus.publish(too_large),
                        *(bus.publish(event(name)) for name in names[20:]),
                        return_exceptions=True,
                    )
                    assert [type(each) for each in results if each is not None] == [RefusedError]
                    assert "2,000 bytes that RabbitMQ takes" in str(results[20])

                await bus.publish(event("last"))
                handled: set[str] = set()
                async with asyncio.timeout(PATIENCE):
                    while len(handled) < len(names) + 1:
                        handled |= set(await handle(subscription, 1))
                assert handled == {*names, "last"}

    @pytest.mark.slow
    async def test_a_handler_that_outlasts_consumer_timeout_costs_no_event(self, tmp_path: Path) -> None:
        """RabbitMQ closes the channel, and hands out again what is out; the others of the partition go on."""
        with RabbitMQ(tmp_path, settings=["consumer_timeout = 500"]) as server:
            broker = Broker(server)
            broker.ctl("eval", "application:set_env(rabbit, channel_tick_interval, 500).")
            async with broker.connect(lease=LONG, partitions=1) as bus, subscribed(bus) as subscription:
                await publish(bus, ["slow"])
                [slow] = await take(subscription, 1)

                [again_] = await receive_in_the_end(subscription, 1)
                await subscription.settle([Done(slow)])  # it is not this one's any more
                assert (name_of(again_), again_.attempt) == ("slow", 2)
                await subscription.settle([Done(again_)])
                await publish(bus, ["next"])
                while names_of(come := await receive_in_the_end(subscription, 1)) != ["next"]:
                    # The machine was busy for longer than this timeout, between receiving and settling.
                    assert names_of(come) == ["slow"]
                    await subscription.settle([Done(each) for each in come])

    @pytest.mark.slow
    async def test_a_server_that_is_short_of_memory_is_told_and_does_not_stop_consumers(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sender, "CONFIRMED_WITHIN", 1.0)
        async with broker.connect(lease=LONG) as bus, subscribed(bus) as subscription:
            await publish(bus, "ab")
            [a, b] = await take(subscription, 2)
            broker.ctl("set_vm_memory_high_watermark", "absolute", "1")
            try:
                for _ in range(2):
                    with pytest.raises(PublishError, match="memory or its disk is short"):
                        await bus.publish(event("c"))
                assert "memory or its disk is short" in (await bus.health()).detail
                await subscription.settle([Done(a), Done(b)])
            finally:
                broker.ctl("set_vm_memory_high_watermark", "0.4")
            await until(lambda: is_healthy(bus))
            await bus.publish(event("d"))

            names = set(await handle(subscription, 1))
            while "d" not in names:  # "c" may have been stored after all
                names |= set(await handle(subscription, 1))
            assert names <= {"c", "d"}

    @pytest.mark.slow
    async def test_handling_goes_on_while_a_server_is_short_of_memory(self, broker: Broker) -> None:
        """Failed calls are tried again, dead letters wait, and instances come and go."""
        async with broker.connect(lease=SHORT) as bus, subscribed(bus) as subscription:
            await publish(bus, "abc")
            broker.ctl("set_vm_memory_high_watermark", "absolute", "1")
            try:
                [a, b, c] = sorted(await take(subscription, 3), key=name_of)  # the command may take longer than a lease
                async with asyncio.timeout(PROMPT):
                    await subscription.settle([again(a), Dead(b, Reason.FAILED, failure()), Done(c)])
                    [a] = await take(subscription, 1)
                    await subscription.settle([Done(a)])
                assert (name_of(a), a.attempt) == ("a", 2)
                async with broker.connect(lease=LONG) as other:
                    async with asyncio.timeout(PROMPT):
                        instance = await other.subscribe("payment_service", ["order.created"])
                    await asyncio.sleep(2 * SHORT)
                    async with asyncio.timeout(PROMPT):
                        await instance.close()
            finally:
                broker.ctl("set_vm_memory_high_watermark", "0.4")

            async def is_kept() -> bool:
                return bool(await bus.dead_letters.list())

            await until(is_kept)
            [letter] = await bus.dead_letters.list()
            assert (letter.body, letter.reason) == (b.message.data, Reason.FAILED)
            assert [each.error for each in letter.failures] == [failure().error]

            assert await bus.dead_letters.replay([letter.id]) == 1
            assert await handle(subscription, 1) == ["b"]

    @pytest.mark.slow
    async def test_what_waits_to_become_a_dead_letter_goes_to_another_instance_at_the_end(self, broker: Broker) -> None:
        async with broker.connect(lease=LONG) as bus:
            subscription = await bus.subscribe("payment_service", ["order.created"])
            await publish(bus, "a")
            [a] = await take(subscription, 1)
            broker.ctl("set_vm_memory_high_watermark", "absolute", "1")
            try:
                async with asyncio.timeout(PROMPT):
                    await subscription.settle([Dead(a, Reason.FAILED, failure())])
                    await subscription.close()
                async with broker.connect(lease=LONG) as other, subscribed(other) as instance:
                    [again_] = await take(instance, 1)
                    assert (name_of(again_), again_.attempt) == ("a", 2)
                    await instance.settle([Done(again_)])
            finally:
                broker.ctl("set_vm_memory_high_watermark", "0.4")


class TestNetwork:
    async def test_services_go_on_after_the_connections_were_cut(self, broker: Broker, proxy: Proxy) -> None:
        shop = Shop()
        async with broker.connect(proxy.url(broker.url)) as bus, shop.service.run(bus):
            for turn in range(3):
                await publish_until_stored(bus, "order-1", range(turn * 20, turn * 20 + 20))
                proxy.cut()
            await until(lambda: len(shop.of("order-1")) == 60)

        assert shop.of("order-1") == list(range(60))

    async def test_an_outage_is_logged_by_eventkit_and_by_no_client(
        self, broker: Broker, proxy: Proxy, caplog: pytest.LogCaptureFixture
    ) -> None:
        shop = Shop()
        async with broker.connect(proxy.url(broker.url)) as bus, shop.service.run(bus):
            proxy.refuse()
            proxy.cut()
            await until(lambda: is_unhealthy(bus))
            await until(lambda: any("cannot be reached" in record.getMessage() for record in caplog.records))
            proxy.heal()
            await publish_until_stored(bus, "order-1", range(1))
            await until(lambda: shop.of("order-1") == [0])

        assert {record.name for record in caplog.records} == {"eventkit.delivery"}
        assert "payment_service can receive events again" in caplog.text

    async def test_what_aiormq_logs_of_other_connections_is_left_alone(self, caplog: pytest.LogCaptureFixture) -> None:
        with pytest.raises(aiormq.AMQPConnectionError):
            await aiormq.connect(f"amqp://127.0.0.1:{free_port()}/")
        assert [(record.name, record.levelname) for record in caplog.records] == [("aiormq.connection", "ERROR")]

    async def test_a_channel_is_opened_while_another_one_is_told_that_it_is_closed(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """aiormq has to answer to that, and takes the number of the channel for free before."""
        answer = Channel._on_close_frame

        async def late(self: Channel, frame: ChannelFrames.Close) -> None:
            await asyncio.sleep(0.1)
            await answer(self, frame)

        async with broker.connect() as bus:
            connection = await bus._outgoing.connection()
            closed = await bus._outgoing.channel()
            monkeypatch.setattr(Channel, "_on_close_frame", late)
            looking = asyncio.create_task(closed.queue_declare(f"{broker.prefix}nothing", passive=True))
            await until(lambda: closed.number not in connection.channels)
            another = await bus._outgoing.channel()
            with pytest.raises(ChannelNotFoundEntity):
                await looking
            await another.queue_declare(exclusive=True)
            assert connection.is_opened

    async def test_a_bus_is_unhealthy_while_nothing_gets_through(self, broker: Broker, proxy: Proxy) -> None:
        async with broker.connect(proxy.url(broker.url)) as bus:
            proxy.refuse()
            proxy.cut()
            await until(lambda: is_unhealthy(bus))
            with pytest.raises(PublishError):
                await bus.publish(event("a"))

            proxy.heal()
            await until(lambda: is_healthy(bus))
            await bus.publish(event("a"))

    async def test_a_confirmation_that_is_lost_is_an_error_and_the_event_may_be_stored(
        self, broker: Broker, proxy: Proxy
    ) -> None:
        async with (
            broker.connect() as other,
            broker.connect(proxy.url(broker.url)) as bus,
            subscribed(other) as subscription,
        ):
            await bus.publish(event("first"))
            proxy.swallow(replies=True)
            publishing = asyncio.create_task(bus.publish(event("second")))
            await asyncio.to_thread(proxy.wait_until_swallowed)
            proxy.cut()
            with pytest.raises(PublishError, match="gone"):
                await publishing
            proxy.heal()
            await bus.publish(event("second"))
            await bus.publish(event("last"))

            handled = await handle(subscription, 4)
            assert sorted(handled) == ["first", "last", "second", "second"]

    @pytest.mark.slow
    async def test_the_partitions_of_an_instance_that_is_cut_off_go_to_another(
        self, broker: Broker, proxy: Proxy
    ) -> None:
        """Its connection is half open: only heartbeats tell RabbitMQ that nobody is there."""
        async with (
            broker.connect(lease=LONG) as bus,
            broker.connect(proxy.url(broker.url), lease=LONG, heartbeat=1) as cut_off,
        ):
            lost = await cut_off.subscribe("payment_service", ["order.created"])
            await publish(bus, "ab", key="order-1")
            [a] = await take(lost, 1)
            proxy.swallow(requests=True, replies=True)
            async with subscribed(bus) as other:
                deliveries = await take(other, 2)
                assert [(name_of(each), each.attempt) for each in deliveries] == [("a", 2), ("b", 2)]
                await other.settle([Done(each) for each in deliveries])
            proxy.cut()
            proxy.heal()
            await lost.settle([Done(a)])

    @pytest.mark.slow
    async def test_an_event_loop_that_is_blocked_too_long_loses_its_connection_and_no_event(
        self, broker: Broker
    ) -> None:
        async with (
            broker.connect(heartbeat=1, lease=LONG) as bus,
            subscribed(bus) as subscription,
        ):
            await publish(bus, "ab", key="order-1")
            [a] = await take(subscription, 1)
            time.sleep(5)  # noqa: ASYNC251 - what a handler must not do

            deliveries: list[Delivery] = []
            while len(deliveries) < 2:
                deliveries += await receive_in_the_end(subscription, 2)
            assert [(name_of(each), each.attempt) for each in deliveries] == [("a", 2), ("b", 2)]
            await subscription.settle([Done(a), *(Done(each) for each in deliveries)])


class TestOperators:
    async def test_a_queue_that_is_deleted_is_made_again(
        self, broker: Broker, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with broker.connect(partitions=1) as bus, subscribed(bus) as subscription, broker.channel() as channel:
            await publish(bus, "a")
            await handle(subscription, 1)
            waiting = asyncio.create_task(receive_in_the_end(subscription, 1))
            await channel.queue_delete(f"{broker.prefix}payment_service")

            async def is_back() -> bool:
                await bus.publish(event("b"))
                return waiting.done()

            await until(is_back)
            assert names_of(await waiting) == ["b"]
        assert any("was deleted, with the events" in record.getMessage() for record in caplog.records)

    @pytest.mark.parametrize("suffix", ["0.state", "dead"])
    async def test_a_queue_of_records_that_is_deleted_is_made_again(self, broker: Broker, suffix: str) -> None:
        async with broker.connect(lease=LONG, partitions=1) as bus, subscribed(bus) as subscription:
            await publish(bus, "a")
            [a] = await take(subscription, 1)
            async with broker.channel() as channel:
                await channel.queue_delete(f"{broker.prefix}payment_service.{suffix}")
            await subscription.settle([again(a)])
            [a] = await take(subscription, 1)
            await subscription.settle([Dead(a, Reason.FAILED, failure())])

            assert [each.reason for each in await bus.dead_letters.list()] == [Reason.FAILED]

    async def test_an_exchange_that_is_deleted_is_made_again(self, broker: Broker) -> None:
        async with broker.connect() as bus:
            await bus.publish(event("a"))
            async with broker.channel() as channel:
                await channel.exchange_delete(f"{broker.prefix}order")

            await asyncio.gather(*(bus.publish(event(name)) for name in "bcd"))
            async with subscribed(bus) as subscription:
                assert {"a", "b", "c", "d"} <= set(await handle(subscription, 4))

    @pytest.mark.slow
    async def test_a_delivery_limit_makes_dead_letters_and_loses_nothing(self, broker: Broker) -> None:
        async with broker.connect(lease=LONG, partitions=1) as bus:
            async with subscribed(bus):
                pass
            pattern = f"^{broker.prefix}payment_service$"
            broker.ctl("set_policy", broker.prefix, pattern, '{"delivery-limit": 1}', "--apply-to", "queues")
            await publish(bus, "a")
            for _ in range(2):
                other = broker.connect(lease=LONG, partitions=1)
                await other.open()
                await take(await other.subscribe("payment_service", ["order.created"]), 1)
                await other.close()

            async def there_is_one() -> bool:
                return bool(await bus.dead_letters.list())

            await until(there_is_one)
            [letter] = await bus.dead_letters.list()
            assert (letter.group, letter.type, letter.reason) == ("payment_service", "order.created", Reason.CRASHED)
            assert "delivery limit" in letter.failures[0].error
            assert letter.body == event("a").data

            assert await bus.dead_letters.replay([letter.id]) == 1
            async with subscribed(bus) as subscription:
                [delivery] = await take(subscription, 1)
                assert (name_of(delivery), delivery.attempt) == ("a", 1)


async def there_is(broker: Broker, queue: str) -> bool:
    async with broker.channel() as channel:
        try:
            await channel.queue_declare(f"{broker.prefix}{queue}", passive=True)
        except ChannelNotFoundEntity:
            return False
    return True


async def is_healthy(bus: AMQPBus) -> bool:
    return (await bus.health()).ok


async def is_unhealthy(bus: AMQPBus) -> bool:
    return not (await bus.health()).ok
