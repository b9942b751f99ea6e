"""What `kafka://` promises where things go wrong: with instances, with the network, with what others write."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from eventkit import Event, Retry, Service, connect
from eventkit.bus.kafka.membership import Membership
from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import PublishError
from eventkit.delivery.subscription import Done, Reason
from eventkit.testing.conformance.support import (
    LONG,
    PATIENCE,
    event,
    handle,
    handle_by,
    name_of,
    names_of,
    nothing_comes,
    publish,
    take,
)
from tests.servers.kafka_broker import Broker

pytestmark = pytest.mark.slow


class Counted(Event, type="order.counted", key="key"):
    key: str
    number: int


def counted(key: str, number: int) -> Envelope:
    return Envelope.of(Counted(key=key, number=number), source="counter")


class Ledger:
    """A service that notes what it handles."""

    def __init__(self) -> None:
        self.handled: list[tuple[str, int]] = []

    def service(self, pause: float = 0.0) -> Service:
        service = Service("ledger")

        @service.handler(retry=Retry(attempts=100, delay=0.01, max_delay=0.1, crashes=100))
        async def note(event: Counted) -> None:
            await asyncio.sleep(pause)
            self.handled.append((event.key, event.number))

        return service

    async def has(self, expected: set[tuple[str, int]]) -> None:
        async with asyncio.timeout(2 * PATIENCE):
            while not expected <= set(self.handled):  # noqa: ASYNC110 - several services note here
                await asyncio.sleep(0.02)

    def assert_in_order(self) -> None:
        """Each event was handled, for the first time, after all that its key had before it."""
        first = list(dict.fromkeys(self.handled))
        for key in {key for key, _ in first}:
            numbers = [number for each, number in first if each == key]
            assert numbers == sorted(numbers), f"the events of {key} overtook each other"

    def assert_once(self) -> None:
        assert [each for each, times in Counter(self.handled).items() if times > 1] == []


@asynccontextmanager
async def admin(broker: Broker) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=broker.servers)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


class TestInstances:
    async def test_partitions_move_under_load_and_nothing_is_lost_doubled_or_overtaken(
        self, broker: Broker, prefix: str
    ) -> None:
        ledger, keys = Ledger(), [f"order-{number}" for number in range(20)]
        expected = {(key, number) for key in keys for number in range(60)}

        async def keep_publishing(bus: Bus) -> None:
            for number in range(60):
                await asyncio.gather(*(bus.publish(counted(key, number)) for key in keys))
                await asyncio.sleep(0.1)

        async with connect(broker.url, prefix=prefix) as bus, bus.serve(ledger.service(0.005), ()):
            publishing = asyncio.create_task(keep_publishing(bus))
            async with connect(broker.url, prefix=prefix) as other, other.serve(ledger.service(0.005), ()):
                await asyncio.sleep(3)
                async with bus.serve(ledger.service(0.005), ()):
                    await asyncio.sleep(2)
            await publishing
            await ledger.has(expected)

        assert set(ledger.handled) == expected
        ledger.assert_in_order()
        ledger.assert_once()

    async def test_a_slow_handler_keeps_no_other_partition_from_being_handed_over(
        self, broker: Broker, prefix: str
    ) -> None:
        async with connect(broker.url, prefix=prefix, lease=LONG) as bus:
            first = await bus.subscribe("payment_service", ["order.created"])
            for number in range(40):
                await bus.publish(event(f"event-{number}", key=f"order-{number}"))
            [slow] = await take(first, 1)

            second = await bus.subscribe("payment_service", ["order.created"])
            async with asyncio.timeout(PATIENCE):
                while len(second.owned) < 3:  # noqa: ASYNC110 - nothing tells when partitions come
                    await asyncio.sleep(0.02)
            await handle(second, 1)
            await first.settle([Done(slow)])

            rest = await handle_by([first, second], 38)
            assert name_of(slow) not in rest
            assert await nothing_comes(first, second)

    async def test_what_a_killed_process_had_goes_to_another(self, broker: Broker, prefix: str) -> None:
        async with connect(broker.url, prefix=prefix) as bus:
            await publish(bus, "abc", key="order-1")
            code = (
                "import asyncio\n"
                "from eventkit import connect\n"
                "async def main():\n"
                f"    async with connect({broker.url!r}, prefix={prefix!r}) as bus:\n"
                "        subscription = await bus.subscribe('payment_service', ['order.created'])\n"
                "        taken = await subscription.receive(1)\n"
                "        await subscription.save([])\n"  # what is out is written down a moment after it was handed out
                "        print(taken[0].message.id, flush=True)\n"
                "        await asyncio.sleep(60)\n"
                "asyncio.run(main())\n"
            )
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
            assert process.stdout is not None
            taken = await process.stdout.readline()
            process.kill()
            await process.communicate()

            subscription = await bus.subscribe("payment_service", ["order.created"])
            first, *_ = deliveries = await take(subscription, 3)

            assert taken.strip() == b"a"
            assert names_of(deliveries) == ["a", "b", "c"]
            assert first.attempt == 2

    async def test_a_fault_of_the_client_stops_no_reading(
        self, broker: Broker, prefix: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ledger, read, failed = Ledger(), Membership.read, asyncio.Event()
        async with connect(broker.url, prefix=prefix) as bus, bus.serve(ledger.service(), ()):
            await bus.publish(counted("order-1", 0))
            await ledger.has({("order-1", 0)})

            async def fail(*_: object) -> None:
                monkeypatch.setattr(Membership, "read", read)
                failed.set()
                raise AssertionError

            monkeypatch.setattr(Membership, "read", fail)
            await failed.wait()
            await bus.publish(counted("order-1", 1))
            await ledger.has({("order-1", 1)})

    async def test_a_blocked_event_loop_is_put_out_of_the_group_and_comes_back(
        self, broker: Broker, prefix: str
    ) -> None:
        ledger = Ledger()
        expected = {(f"order-{number}", 0) for number in range(50)}
        blocked = Service("ledger")

        @blocked.handler(retry=Retry(crashes=100))
        async def block_once(event: Counted) -> None:
            if not ledger.handled:
                time.sleep(6)  # noqa: ASYNC251 - that is the fault; three times the session that the gateway gives
            ledger.handled.append((event.key, event.number))

        async with connect(broker.url, prefix=prefix) as bus:
            async with bus.serve(blocked, ()):
                for key, number in expected:
                    await bus.publish(counted(key, number))
                await ledger.has(expected)
                [group] = await bus.lag()
                async with asyncio.timeout(PATIENCE):
                    while group.waiting:
                        await asyncio.sleep(0.1)
                        [group] = await bus.lag()
            assert not await bus.dead_letters.list()

        assert set(ledger.handled) == expected


class TestProgress:
    async def test_no_offset_above_the_lowest_unfinished_event_is_committed(self, broker: Broker, prefix: str) -> None:
        async with connect(broker.url, prefix=prefix, partitions=1, lease=LONG) as bus:
            subscription = await bus.subscribe("payment_service", ["order.created"])
            for number in range(4):
                await bus.publish(event(f"event-{number}", key=f"order-{number}"))
            lowest, *others = await take(subscription, 4)
            partition = TopicPartition(f"{prefix}order", 0)

            await subscription.settle([Done(each) for each in others])
            async with admin(broker) as client:
                committed = await client.list_consumer_group_offsets(f"{prefix}payment_service", partitions=[partition])
                assert committed[partition].offset == 0
                await subscription.settle([Done(lowest)])
                committed = await client.list_consumer_group_offsets(f"{prefix}payment_service", partitions=[partition])
                assert committed[partition].offset == 4

    async def test_events_of_types_that_nobody_asked_for_do_not_count_as_waiting_for_ever(
        self, broker: Broker, prefix: str
    ) -> None:
        async with connect(broker.url, prefix=prefix) as bus:
            await publish(bus, "abcd", type="order.canceled")
            await bus.subscribe("payment_service", ["order.created"])
            async with asyncio.timeout(PATIENCE):
                while (await bus.lag())[0].waiting:  # noqa: ASYNC110 - nothing tells when it changes
                    await asyncio.sleep(0.1)


class TestOthers:
    async def test_a_record_that_is_no_event_is_a_dead_letter_and_lets_others_pass(
        self, broker: Broker, prefix: str
    ) -> None:
        ledger = Ledger()
        async with connect(broker.url, prefix=prefix, partitions=1) as bus:
            await bus.publish(counted("order-1", 0))
            producer = AIOKafkaProducer(bootstrap_servers=broker.servers)
            await producer.start()
            await producer.send_and_wait(f"{prefix}order", b"not an event")
            await producer.send_and_wait(f"{prefix}order", None, key=b"compacted away", headers=[("x", b"\xff")])
            await producer.stop()
            await bus.publish(counted("order-1", 1))
            async with bus.serve(ledger.service(), ()):
                await ledger.has({("order-1", 0), ("order-1", 1)})
                async with asyncio.timeout(PATIENCE):
                    while len(letters := await bus.dead_letters.list()) < 2:  # noqa: ASYNC110 - as above
                        await asyncio.sleep(0.05)

        assert {each.reason for each in letters} == {Reason.UNREADABLE}
        assert {each.body for each in letters} == {b"not an event", b""}

    async def test_a_topic_that_was_deleted_is_made_again(self, own_broker: Broker, prefix: str) -> None:
        ledger = Ledger()
        async with connect(own_broker.url, prefix=prefix, lease=6.0) as bus, bus.serve(ledger.service(), ()):
            await bus.publish(counted("order-1", 0))
            await ledger.has({("order-1", 0)})
            async with admin(own_broker) as client:
                await client.delete_topics([f"{prefix}order"])

            # tansu keeps what groups committed for a topic that is gone, and Kafka does not: of the first event that is
            # published anew it says that it was handled.
            for number in (1, 2, 3):
                await publish_until_it_works(bus, counted("order-1", number))
            await ledger.has({("order-1", 2), ("order-1", 3)})


async def publish_until_it_works(bus: Bus, envelope: Envelope) -> None:
    async with asyncio.timeout(2 * PATIENCE):
        while True:
            try:
                return await bus.publish(envelope)
            except PublishError:
                await asyncio.sleep(0.05)


class TestFollowing:
    async def test_a_server_that_keeps_no_times_shows_what_was_published_since(
        self, own_broker: Broker, prefix: str
    ) -> None:
        """tansu with its data in a store answers a question about a time with an offset, and without one."""
        async with connect(own_broker.url, prefix=prefix) as bus:
            await publish(bus, ["before"])
            since = datetime.now(UTC) + timedelta(milliseconds=1)
            await asyncio.sleep(0.01)
            await publish(bus, ["after"])
            async with aclosing(bus.follow(since=since)) as events, asyncio.timeout(PATIENCE):
                found = await anext(events)

        assert isinstance(found, Envelope)
        assert found.id == "after"


class TestOutages:
    async def test_connections_that_are_cut_lose_nothing(self, own_broker: Broker, prefix: str) -> None:
        ledger = Ledger()
        expected = {("order-1", number) for number in range(30)}
        async with connect(own_broker.url, prefix=prefix) as bus, bus.serve(ledger.service(), ()):
            for number in range(30):
                if number % 5 == 0:
                    await asyncio.to_thread(own_broker.proxy.cut)
                await publish_until_it_works(bus, counted("order-1", number))
            await ledger.has(expected)

        ledger.assert_in_order()

    async def test_answers_that_are_lost_lose_no_events(self, own_broker: Broker, prefix: str) -> None:
        ledger = Ledger()
        async with connect(own_broker.url, prefix=prefix) as bus, bus.serve(ledger.service(), ()):
            await publish_until_it_works(bus, counted("order-1", 0))
            await ledger.has({("order-1", 0)})
            await asyncio.to_thread(own_broker.proxy.swallow, replies=True)
            publishing = asyncio.create_task(publish_until_it_works(bus, counted("order-1", 1)))
            await asyncio.to_thread(own_broker.proxy.wait_until_swallowed)
            await asyncio.to_thread(own_broker.proxy.heal)
            await asyncio.to_thread(own_broker.proxy.cut)
            await publishing
            await publish_until_it_works(bus, counted("order-1", 2))
            await ledger.has({("order-1", 0), ("order-1", 1), ("order-1", 2)})

        ledger.assert_in_order()

    async def test_a_frozen_broker_is_told_and_goes_on_where_it_was(self, own_broker: Broker, prefix: str) -> None:
        ledger = Ledger()
        async with connect(own_broker.url, prefix=prefix) as bus, bus.serve(ledger.service(), ()):
            await bus.publish(counted("order-1", 0))
            await ledger.has({("order-1", 0)})
            own_broker.pause()
            assert not (await bus.health()).ok
            with pytest.raises(PublishError, match="no broker"):
                await bus.publish(counted("order-1", 1))
            own_broker.resume()
            await publish_until_it_works(bus, counted("order-1", 2))
            await ledger.has({("order-1", 0), ("order-1", 2)})

    async def test_a_service_to_which_nothing_comes_sees_that_the_broker_is_away(
        self, own_broker: Broker, prefix: str
    ) -> None:
        async with connect(own_broker.url, prefix=prefix, lease=6.0) as bus, Ledger().service().run(bus) as worker:
            await asyncio.sleep(3)  # until nothing is left to be committed, which would find it out
            assert worker.ready
            own_broker.proxy.refuse()
            own_broker.proxy.cut()
            async with asyncio.timeout(PATIENCE):
                while worker.ready:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.1)
            assert "no broker can be reached" in str(worker.problem)

            own_broker.proxy.accept()
            async with asyncio.timeout(PATIENCE):
                while not worker.ready:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.1)

    async def test_what_was_published_survives_the_end_of_the_broker(self, own_broker: Broker, prefix: str) -> None:
        ledger = Ledger()
        expected = {(f"order-{number % 5}", number) for number in range(40)}
        async with connect(own_broker.url, prefix=prefix) as bus:
            async with bus.serve(ledger.service(), ()):
                for key, number in sorted(expected, key=lambda each: each[1]):
                    if number == 20:
                        own_broker.kill()
                        own_broker.start()
                    await publish_until_it_works(bus, counted(key, number))
                await ledger.has(expected)
            await publish_until_it_works(bus, counted("order-0", 40))
            own_broker.kill()
            own_broker.start()
            async with bus.serve(ledger.service(), ()):
                await ledger.has({*expected, ("order-0", 40)})

        ledger.assert_in_order()
