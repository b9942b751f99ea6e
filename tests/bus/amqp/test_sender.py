"""What is published is confirmed, or an error, whether aiormq's own reader and writer can be gone by or not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from aiormq.channel import Channel
from pamqp import frame
from pamqp.commands import Basic
from pamqp.heartbeat import Heartbeat

from eventkit.bus.amqp import frames, sender
from eventkit.bus.amqp.connection import Link
from eventkit.bus.amqp.errors import Missing, Unroutable
from eventkit.bus.amqp.frames import FastConnection, Frames
from eventkit.bus.amqp.publisher import Publisher
from eventkit.bus.amqp.sender import FastSender, PlainSender, Sender
from eventkit.contract.errors import BusError
from eventkit.testing.conformance.support import handle, publish, subscribed
from tests.bus.amqp.support import Broker, until

AT_ONCE = 300


@pytest.fixture(params=[FastSender, PlainSender])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Sender]:
    """How it is sent: also as where aiormq has no such reader and writer as this version."""
    chosen: type[Sender] = request.param
    if chosen is PlainSender:
        monkeypatch.delattr(FastConnection, "_Connection__reader")
        monkeypatch.delattr(FastConnection, "_Connection__writer")
    return chosen


@pytest.fixture
async def link(broker: Broker) -> AsyncIterator[Link]:
    link = Link(broker.connect()._address, "test", broker.url)
    yield link
    await link.close()


@contextlib.asynccontextmanager
async def queue(link: Link, broker: Broker, **arguments: object) -> AsyncIterator[tuple[Channel, str]]:
    name = f"{broker.prefix}test"
    channel = await link.channel()
    await channel.queue_declare(name, arguments=arguments)
    yield channel, name
    if not channel.is_closed:
        await channel.queue_delete(name)


async def test_it_is_sent_by_the_connection_itself_where_that_can_be(link: Link, kind: type[Sender]) -> None:
    assert type(await sender.sender(link)) is kind


async def test_what_is_published_together_arrives_in_order(broker: Broker, link: Link, kind: type[Sender]) -> None:
    publisher = Publisher(link)
    async with queue(link, broker) as (channel, name):
        await asyncio.gather(*(publisher.publish(b"%d" % i, Basic.Properties(), "", name) for i in range(AT_ONCE)))

        assert [(await channel.basic_get(name, no_ack=True)).body for _ in range(AT_ONCE)] == [
            b"%d" % i for i in range(AT_ONCE)
        ]


async def test_events_reach_a_group(broker: Broker, kind: type[Sender]) -> None:
    async with broker.connect() as bus, subscribed(bus) as subscription:
        await publish(bus, "abc", key="order-1")

        assert await handle(subscription, 3) == ["a", "b", "c"]


async def test_a_large_message_is_sent_in_pieces(broker: Broker, link: Link, kind: type[Sender]) -> None:
    body = b"0123456789" * 40_000
    async with queue(link, broker) as (channel, name):
        await Publisher(link).publish(body, Basic.Properties(), "", name)

        assert (await channel.basic_get(name, no_ack=True)).body == body


async def test_what_no_queue_takes_is_an_error_of_that_message_alone(
    broker: Broker, link: Link, kind: type[Sender]
) -> None:
    publisher = Publisher(link)
    async with queue(link, broker) as (_, name):
        results = await asyncio.gather(
            *(publisher.publish(b"a", Basic.Properties(), "", to) for to in [name, f"{name}.not", name] * 20),
            return_exceptions=True,
        )

    assert [type(each) for each in results] == [type(None), Unroutable, type(None)] * 20


async def test_what_a_full_queue_refuses_is_an_error(broker: Broker, link: Link, kind: type[Sender]) -> None:
    publisher = Publisher(link)
    async with queue(link, broker, **{"x-max-length": 1, "x-overflow": "reject-publish"}) as (_, name):
        results = await asyncio.gather(
            *(publisher.publish(b"a", Basic.Properties(), "", name) for _ in range(9)), return_exceptions=True
        )

    errors = [each for each in results if each is not None]
    assert len(errors) == 8
    assert all(isinstance(each, BusError) and "did not take it" in str(each) for each in errors)


async def test_a_channel_that_is_closed_is_opened_anew(broker: Broker, link: Link, kind: type[Sender]) -> None:
    publisher = Publisher(link)
    async with queue(link, broker) as (channel, name):
        with pytest.raises(Missing):
            await publisher.publish(b"a", Basic.Properties(), f"{name}.not", name)
        await publisher.publish(b"b", Basic.Properties(), "", name)

        assert (await channel.basic_get(name, no_ack=True)).body == b"b"


async def test_who_is_cancelled_leaves_the_others_alone(broker: Broker, link: Link, kind: type[Sender]) -> None:
    publisher = Publisher(link)
    async with queue(link, broker) as (channel, name):
        publishing = [asyncio.create_task(publisher.publish(b"a", Basic.Properties(), "", name)) for _ in range(20)]
        await asyncio.sleep(0)
        for each in publishing[::2]:
            each.cancel()
        results = await asyncio.gather(*publishing, return_exceptions=True)

        assert results[1::2] == [None] * 10
        await publisher.publish(b"last", Basic.Properties(), "", name)
        assert (await channel.queue_declare(name, passive=True)).message_count == 11 + results[::2].count(None)


async def test_a_confirmation_that_does_not_come_is_an_error(
    broker: Broker, link: Link, kind: type[Sender], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "CONFIRMED_WITHIN", 0.2)
    publisher = Publisher(link)
    async with queue(link, broker) as (_, name):
        await publisher.publish(b"a", Basic.Properties(), "", name)
        with monkeypatch.context() as deaf:
            if kind is FastSender:
                deaf.setattr(FastSender, "confirmed", lambda *_, **__: None)
            else:
                deaf.setattr(Channel, "_confirm_delivery", lambda *_, **__: None)
            errors = await asyncio.gather(
                *(publisher.publish(b"a", Basic.Properties(), "", name) for _ in range(3)), return_exceptions=True
            )
        assert all("does not answer in time" in str(each) for each in errors)
        await publisher.publish(b"a", Basic.Properties(), "", name)


async def test_what_is_published_together_is_written_together(broker: Broker, link: Link) -> None:
    writes: list[int] = []
    publisher = Publisher(link)
    async with queue(link, broker) as (_, name):
        await publisher.publish(b"a", Basic.Properties(), "", name)
        sending = publisher._sender
        assert isinstance(sending, FastSender)
        write = sending._stream.write
        sending._stream.write = lambda data: (writes.append(len(data)), write(data))[1]  # type: ignore[method-assign]
        await asyncio.gather(*(publisher.publish(b"a", Basic.Properties(), "", name) for _ in range(AT_ONCE)))

        assert len(writes) == 2  # the first one at once


async def test_a_connection_that_only_confirms_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiormq ends a connection on which it sees no frame for a while; it does not see confirmations."""
    monkeypatch.setattr(frames, "_ALIVE_EVERY", 0.02)
    confirmed: list[int] = []

    class Told:
        def confirmed(self, number: int, *, multiple: bool, stored: bool) -> None:
            confirmed.append(number)

        def returned(self, id: str | None) -> None:
            raise AssertionError

        def ending(self) -> None:
            raise AssertionError

    reader = asyncio.StreamReader()
    reading = Frames(reader)
    reading.told[1] = Told()

    async def confirm() -> None:
        while True:
            reader.feed_data(frame.marshal(Basic.Ack(7), 1))
            await asyncio.sleep(0.005)

    confirming = asyncio.create_task(confirm())
    async with asyncio.timeout(10):
        seen = [(await anext(reading))[1:] for _ in range(3)]
    confirming.cancel()

    assert [(channel, type(each)) for channel, each in seen] == [(0, Heartbeat)] * 3
    assert confirmed


async def test_nothing_is_kept_of_what_was_published(broker: Broker, link: Link) -> None:
    publisher = Publisher(link)
    async with queue(link, broker) as (_, name):
        await asyncio.gather(*(publisher.publish(b"a", Basic.Properties(), "", name) for _ in range(AT_ONCE)))
        sending = publisher._sender
        assert isinstance(sending, FastSender)
        await until(lambda: not sending._waiting and not sending._numbers and not sending._unsent)
