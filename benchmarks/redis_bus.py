"""`redis://` beside redis-py and FastStream, on a stream in Redis that writes its file every second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec

from redis.asyncio import Redis as Client

from benchmarks.broker import Contestant, Eventkit, Handled, compare, handling
from benchmarks.measure import Table
from benchmarks.memory_bus import OrderCreated
from tests.servers.redis import Redis

Entry = tuple[bytes, dict[bytes, bytes]]


class Raw(Contestant):
    """redis-py in the obvious way: read a hundred, handle them one by one, acknowledge each."""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        self._stream = f"raw{self.run}"
        async with Client.from_url(self.url, socket_timeout=None) as self._client:
            await self._client.xgroup_create(self._stream, "bench", id="0", mkstream=True)
            yield

    async def publish(self, order: OrderCreated) -> None:
        await self._client.xadd(self._stream, {"data": order.model_dump_json()})

    @asynccontextmanager
    async def consuming(self, handled: Handled) -> AsyncIterator[None]:
        async def consume() -> None:
            while True:
                found = await self._client.xreadgroup("bench", "one", {self._stream: ">"}, count=100, block=1000)
                for _, entries in found:
                    await self.handle(entries, handled)

        task = asyncio.create_task(consume())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def handle(self, entries: Sequence[Entry], handled: Handled) -> None:
        for entry, fields in entries:
            await handled.see(OrderCreated.model_validate_json(fields[b"data"]))
            await self._client.xack(self._stream, "bench", entry)


class Batches(Raw):
    """redis-py at its best: what was read together is acknowledged together."""

    async def handle(self, entries: Sequence[Entry], handled: Handled) -> None:
        for _, fields in entries:
            await handled.see(OrderCreated.model_validate_json(fields[b"data"]))
        await self._client.xack(self._stream, "bench", *[entry for entry, _ in entries])


class FastStream(Raw):
    """FastStream: reads of a hundred, acknowledged after the handler, one after the other."""

    @asynccontextmanager
    async def consuming(self, handled: Handled) -> AsyncIterator[None]:
        from faststream.redis import RedisBroker, StreamSub

        broker = RedisBroker(self.url, logger=None)

        stream = StreamSub(self._stream, group="bench", consumer="one", max_records=100)
        async with handling(broker, broker.subscriber(stream=stream), handled):
            yield

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        from faststream.redis import RedisBroker

        async with super().opened(), RedisBroker(self.url, logger=None) as self._broker:
            yield

    async def publish(self, order: OrderCreated) -> None:
        await self._broker.publish(order, stream=self._stream)


def run() -> list[Table]:
    contestants = {"eventkit": Eventkit, "redis-py, XACK each": Raw, "redis-py, XACK a hundred": Batches}
    if find_spec("faststream"):
        contestants["FastStream"] = FastStream
    return compare("Redis Streams", partial(Redis, appendfsync="everysec"), contestants)
