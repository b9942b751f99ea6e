"""The buses that can be put on the stage."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import nats
from redis.asyncio import Redis as RedisClient

from tests.faults.stage import Backend
from tests.servers.kafka_broker import Broker
from tests.servers.nats import Nats, NatsCluster
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.redis import Redis
from tests.servers.server import Server

STREAM: Final = "fault-stream"
ROOM: Final = 50_000  # bytes that are left when a limit is set


class NatsOfThree(NatsCluster):
    """A cluster of which one server after the other is killed; it is at all times to be used like one server."""

    kind = Nats.kind
    install = Nats.install
    program = Nats.program

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._killed = 0

    @property
    def port(self) -> int:
        return self.servers[0].port

    def kill(self) -> None:
        self.servers[self._killed % 3].kill()

    def start(self) -> None:
        self.servers[self._killed % 3].start()
        self._killed += 1


@contextmanager
def full_stream(server: Server) -> Iterator[None]:
    """An operator gives the stream a limit, and takes it away again."""

    async def limit(room: int | None) -> None:
        client = await nats.connect(server.url)
        try:
            jetstream = client.jetstream()
            found = await jetstream.stream_info(STREAM)
            await jetstream.update_stream(
                found.config, max_bytes=-1 if room is None else found.state.bytes + room, discard="new"
            )
        finally:
            await client.close()

    with _limited(limit):
        yield


@contextmanager
def full_memory(server: Server) -> Iterator[None]:
    """Redis may take no more memory."""

    async def limit(room: int | None) -> None:
        async with RedisClient.from_url(server.url) as client:
            used = (await client.info("memory"))["used_memory"]
            await client.config_set("maxmemory", 0 if room is None else used + room)

    with _limited(limit):
        yield


@contextmanager
def memory_alarm(server: Server) -> Iterator[None]:
    """RabbitMQ finds that it has used up its memory: it reads nothing more from whoever publishes."""
    assert isinstance(server, RabbitMQ)
    control = shutil.which("rabbitmqctl", path="/usr/lib/rabbitmq/bin") or "rabbitmqctl"

    async def limit(room: int | None) -> None:
        command = [control, "--node", "test@localhost", "set_vm_memory_high_watermark"]
        await asyncio.to_thread(
            subprocess.run,
            [*command, "0.4" if room is None else "0.00001"],
            env={**os.environ, **server._environment()},
            check=True,
            capture_output=True,
        )

    with _limited(limit):
        yield


@contextmanager
def _limited(limit: Callable[[int | None], Awaitable[None]]) -> Iterator[None]:
    asyncio.run(limit(ROOM))  # type: ignore[arg-type]
    try:
        yield
    finally:
        asyncio.run(limit(None))  # type: ignore[arg-type]


def _same(url: str, folder: Path) -> str:
    return url


BACKENDS: Final = (
    Backend("sqlite", None, lambda url, folder: f"sqlite:///{folder}/bus.db"),
    Backend("nats", Nats, _same, full=full_stream),
    Backend("nats of three", NatsOfThree, lambda url, folder: f"{url}?replicas=3", network=False),
    Backend("redis", Redis, _same, full=full_memory),
    Backend("rabbitmq", RabbitMQ, _same, full=memory_alarm),
    # tansu 0.6 that is killed may have noted the number of a record and not stored the record itself: when it is sent
    # again, tansu takes it for one that it has. Without numbers it is stored.
    Backend("kafka", Broker, _same, if_killed="idempotent=false"),
)
