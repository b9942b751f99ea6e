"""Who is cancelled in the middle of something leaves nothing behind on a connection that stays open."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from aiormq.channel import Channel
from pamqp.base import Frame

from eventkit.bus.amqp.connection import Link
from eventkit.bus.amqp.partition import Partition
from eventkit.bus.amqp.reader import Reader
from eventkit.bus.amqp.subscription import AMQPSubscription
from eventkit.testing.conformance.support import LONG, handle, name_of, publish, subscribed, take
from tests.bus.amqp.support import Broker, until

SOON = 5.0
SENT = 5
"""Turns of the event loop within which a question is on its way, and RabbitMQ has not answered yet."""


async def interrupt(
    patch: pytest.MonkeyPatch, work: Coroutine[Any, Any, object], number: int, *, answered: bool
) -> bool:
    """Do something, and cancel it at one of its questions to RabbitMQ; return whether there were so many.

    Args:
        patch: Where the questions are seen.
        work: What is done.
        number: At which question, from 1.
        answered: At the moment of its answer, or else while the answer is awaited.
    """
    left = number
    real = Channel.rpc

    async def cancel() -> None:
        for _ in range(SENT):
            await asyncio.sleep(0)
        task.cancel()

    async def rpc(self: Channel, frame: Frame, **options: Any) -> object:
        nonlocal left
        left -= 1
        if left:
            return await real(self, frame, **options)
        cancelling = None if answered else asyncio.create_task(cancel())
        result = await real(self, frame, **options)
        if cancelling is None:
            task.cancel()
        return result

    with patch.context() as patched:
        patched.setattr(Channel, "rpc", rpc)
        task = asyncio.create_task(work)
        await asyncio.wait({task})
        # What goes on after the cancellation is not seen any more.
    return left <= 0


async def is_free(broker: Broker, queue: str) -> None:
    """Wait until nobody reads a queue."""

    async def nobody_reads() -> bool:
        async with broker.channel() as channel:
            return not (await channel.queue_declare(queue, passive=True)).consumer_count

    await until(nobody_reads, SOON)


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_reader_that_is_cancelled_while_it_opens_frees_its_queue(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, number: int, answered: bool
) -> None:
    """There is more in the queue than a channel has room for when nobody listens to it."""
    async with broker.connect(lease=LONG, partitions=1) as bus:
        await publish(bus, map(str, range(1000)), key="order-1")
        async with subscribed(bus):
            pass
        queue = f"{broker.prefix}payment_service.0.past"
        reader = Reader(queue, bus._incoming, came=lambda *_: None, deleted=lambda _: None, ended=lambda _: None)
        assert await interrupt(monkeypatch, reader.open(1000), number, answered=answered)
        async with asyncio.timeout(SOON):
            await reader.close()

        await is_free(broker, queue)
        async with asyncio.timeout(SOON):  # the connection is still read
            await bus.lag()


async def test_a_partition_that_is_cancelled_while_it_closes_frees_its_past_and_its_queue(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with broker.connect(lease=LONG, partitions=1) as bus:
        await publish(bus, "a")
        async with subscribed(bus) as first:
            assert isinstance(first, AMQPSubscription)
            await take(first, 1)
            partition = first._partitions[0]
            await until(lambda: partition._main._channel is not None)
            assert await interrupt(monkeypatch, partition.close(), 1, answered=False)

            await is_free(broker, f"{broker.prefix}payment_service.0.past")
            await is_free(broker, partition._main.queue)


@pytest.mark.parametrize("answered", [True, False])
async def test_a_lock_that_is_cancelled_is_free_for_other_connections(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    async def hold(link: Link) -> None:
        async with link.lock(f"{broker.prefix}a.lock"):
            pass

    async with broker.connect() as one, broker.connect() as two:
        number = 1
        while await interrupt(monkeypatch, hold(one._incoming), number, answered=answered):
            async with asyncio.timeout(SOON):
                await hold(two._incoming)
                await hold(one._incoming)
            number += 1
        assert number > 4


@pytest.mark.parametrize("answered", [True, False])
async def test_who_is_cancelled_while_subscribing_is_no_member(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    async with broker.connect(lease=LONG, partitions=1) as bus:
        async with subscribed(bus):
            pass
        number, more = 1, True
        while more:
            subscribing = bus.subscribe("payment_service", ["order.created"])
            more = await interrupt(monkeypatch, subscribing, number, answered=answered)
            for each in bus._subscriptions:  # where it was cancelled too late
                await each.close()
            number += 1

        async with broker.connect(lease=LONG, partitions=1) as another, subscribed(another) as other:
            await publish(another, "a")
            async with asyncio.timeout(SOON):
                assert await handle(other, 1) == ["a"]
        assert number > 10


async def test_a_partition_that_is_taken_over_while_its_instance_closes_is_given_up_in_order(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the very turn of the event loop in which the instance looks what it has."""
    written, go_on = asyncio.Event(), asyncio.Event()
    writes, closes = Partition.save, AMQPSubscription._stop_sharing

    async def save(self: Partition, *, exact: bool) -> None:
        await writes(self, exact=exact)
        if not exact:
            written.set()
            await go_on.wait()

    async def stop_sharing(self: AMQPSubscription) -> None:
        await closes(self)
        go_on.set()

    async with broker.connect(lease=LONG, partitions=1) as bus:
        async with subscribed(bus):
            pass
        with monkeypatch.context() as patched:
            patched.setattr(Partition, "save", save)
            instance = await bus.subscribe("payment_service", ["order.created"])
            await publish(bus, "a")
            await written.wait()
            patched.setattr(AMQPSubscription, "_stop_sharing", stop_sharing)
            await instance.close()
        async with subscribed(bus) as other:
            [a] = await take(other, 1)
            assert (name_of(a), a.attempt) == ("a", 1)


async def test_what_comes_to_a_partition_that_is_lost_and_still_read_does_not_overtake_what_was_out(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease has ended, so the instance leaves; until its channels are closed RabbitMQ goes on sending."""
    leaving, go_on = asyncio.Event(), asyncio.Event()
    leave = AMQPSubscription._part

    async def part(self: AMQPSubscription) -> None:
        leaving.set()
        await go_on.wait()
        await leave(self)

    async with broker.connect(lease=1.0, partitions=1) as bus, subscribed(bus) as instance:
        assert isinstance(instance, AMQPSubscription)
        await publish(bus, "a", key="order-1")
        await take(instance, 1)
        partition = instance._partitions[0]
        with monkeypatch.context() as patched:
            patched.setattr(AMQPSubscription, "_part", part)
            await leaving.wait()
            await publish(bus, "b", key="order-1")
            await until(lambda: sum(1 for each in partition._reading for _ in each.window.unfinished()) == 2)
            go_on.set()
            assert await handle(instance, 2) == ["a", "b"]
