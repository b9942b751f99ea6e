"""`nats://` beside nats-py and FastStream, on JetStream with file storage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec

import nats
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NothingThere
from nats.js.api import ConsumerConfig

from benchmarks.broker import Contestant, Eventkit, Handled, compare, handling
from benchmarks.measure import Table
from benchmarks.memory_bus import OrderCreated
from eventkit import Envelope
from eventkit.bus.nats.messages import headers_of
from tests.servers.nats import Nats


class Raw(Contestant):
    """nats-py in the obvious way: fetch a hundred, handle them one by one, acknowledge each."""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        self._client = await nats.connect(self.url)
        self._stream = self._client.jetstream()
        self._subject = f"raw{self.run}.created"
        await self._stream.add_stream(name=f"raw{self.run}", subjects=[self._subject])
        try:
            yield
        finally:
            await self._client.close()

    async def publish(self, order: OrderCreated) -> None:
        await self._stream.publish(self._subject, order.model_dump_json().encode())

    @asynccontextmanager
    async def consuming(self, handled: Handled) -> AsyncIterator[None]:
        subscription = await self._stream.pull_subscribe(
            self._subject, durable="bench", config=ConsumerConfig(max_ack_pending=10_000)
        )

        async def consume() -> None:
            while True:
                with suppress(NothingThere):
                    for message in await subscription.fetch(100):
                        await handled.see(OrderCreated.model_validate_json(message.data))
                        await message.ack()

        task = asyncio.create_task(consume())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class Pull(Raw):
    """nats-py at its best: one subscription, requests for more before what came is handled."""

    @asynccontextmanager
    async def consuming(self, handled: Handled) -> AsyncIterator[None]:
        name = f"raw{self.run}"
        await self._stream.add_consumer(
            name, ConsumerConfig(durable_name="bench", ack_policy="explicit", max_ack_pending=10_000)
        )
        inbox, asked = self._client.new_inbox(), 0

        async def ask() -> None:
            nonlocal asked
            asked += 250
            await self._client.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{name}.bench", b'{"batch":250,"expires":30000000000}', reply=inbox
            )

        async def take(message: Msg) -> None:
            nonlocal asked
            if message.headers and "Status" in message.headers:
                return
            asked -= 1
            if asked < 250:
                await ask()
            await handled.see(self.read(message))
            await self._client.publish(message.reply, b"")

        subscription = await self._client.subscribe(inbox, cb=take)
        await ask()
        await ask()
        try:
            yield
        finally:
            await subscription.unsubscribe()

    def read(self, message: Msg) -> OrderCreated:
        """Return the event that a message holds."""
        return OrderCreated.model_validate_json(message.data)


class PullAttributes(Pull):
    """The same with the messages that eventkit publishes: what an event is stands in its headers, and has to be read.

    The others, FastStream among them, find messages of one model only, and need not look what they are.
    """

    async def publish(self, order: OrderCreated) -> None:
        envelope = Envelope.of(order, source="bench")
        await self._stream.publish(self._subject, envelope.data, headers=headers_of(envelope))

    def read(self, message: Msg) -> OrderCreated:
        headers = message.headers or {}
        if (headers["ce-type"], headers["ce-dataschema"]) != ("order.created", "urn:eventkit:order.created:v1"):
            raise ValueError(headers)
        return super().read(message)


class FastStream(Raw):
    """FastStream: a pull subscriber with batches of a hundred, acknowledged after the handler."""

    @asynccontextmanager
    async def consuming(self, handled: Handled) -> AsyncIterator[None]:
        from faststream.nats import JStream, NatsBroker, PullSub

        broker = NatsBroker(self.url, logger=None)

        subscriber = broker.subscriber(
            self._subject,
            stream=JStream(f"raw{self.run}", declare=False),
            durable="bench",
            pull_sub=PullSub(batch_size=100),
        )
        async with handling(broker, subscriber, handled):
            yield

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        from faststream.nats import NatsBroker

        async with super().opened(), NatsBroker(self.url, logger=None) as self._broker:
            yield

    async def publish(self, order: OrderCreated) -> None:
        await self._broker.publish(order, self._subject, stream=f"raw{self.run}")


def run() -> list[Table]:
    contestants = {
        "eventkit": Eventkit,
        "nats-py, fetch": Raw,
        "nats-py, requests ahead": Pull,
        "nats-py, requests ahead, with attributes": PullAttributes,
    }
    if find_spec("faststream"):
        contestants["FastStream"] = FastStream
    return [*compare("NATS JetStream", Nats, contestants)]
