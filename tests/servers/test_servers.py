"""The servers do what the tests of the buses rely on: they keep their data, and leave no process behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import nats
import pytest
from nats.js.api import StreamConfig
from redis.asyncio import Redis as RedisClient

from tests.servers.fixtures import required
from tests.servers.nats import Nats, NatsCluster, installed_nats, newest_nats
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.redis import Redis
from tests.servers.server import Server, ServerFailedError

pytestmark = pytest.mark.server

KINDS = [
    pytest.param(Nats, id="nats"),
    pytest.param(Redis, id="redis"),
    pytest.param(RabbitMQ, id="rabbitmq", marks=pytest.mark.slow),
]


class Keeper:
    """Gives a server something to keep, and takes it back, by the server's own client."""

    @asynccontextmanager
    async def jetstream(self, url: str) -> AsyncIterator[nats.js.JetStreamContext]:
        client = await nats.connect(url.split(","))
        try:
            yield client.jetstream()
        finally:
            await client.close()

    async def put_nats(self, url: str, replicas: int = 1) -> None:
        async with self.jetstream(url) as js:
            await js.add_stream(StreamConfig(name="orders", subjects=["orders.>"], num_replicas=replicas))
            await js.publish("orders.created", b"o-1")

    async def get_nats(self, url: str) -> bytes | None:
        async with self.jetstream(url) as js:
            return (await js.get_last_msg("orders", "orders.created")).data

    async def put_redis(self, url: str) -> None:
        async with RedisClient.from_url(url) as redis:
            await redis.xadd("orders", {"id": "o-1"})

    async def get_redis(self, url: str) -> bytes | None:
        async with RedisClient.from_url(url) as redis:
            [(_, fields)] = await redis.xrange("orders")
            return fields[b"id"]

    async def put_rabbitmq(self, url: str) -> None:
        async with await aio_pika.connect(url) as connection, await connection.channel() as channel:
            queue = await channel.declare_queue("orders", durable=True)
            await channel.default_exchange.publish(aio_pika.Message(b"o-1", delivery_mode=2), queue.name)

    async def get_rabbitmq(self, url: str) -> bytes | None:
        async with await aio_pika.connect(url) as connection, await connection.channel() as channel:
            queue = await channel.declare_queue("orders", durable=True)
            return (await queue.get(no_ack=True)).body

    async def put(self, server: Server) -> None:
        await getattr(self, f"put_{server.kind}")(server.url)

    async def get(self, server: Server) -> bytes | None:
        return await getattr(self, f"get_{server.kind}")(server.url)


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> type[Server]:
    required(request.param)
    return request.param


@pytest.fixture(scope="module")
def server(kind: type[Server], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for this module, which every test leaves running."""
    with kind(tmp_path_factory.mktemp(kind.kind)) as server:
        yield server


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def processes(group: int) -> set[int]:
    """Return the processes of a group; one that has ended and that nobody waits for any more is none."""
    shown = subprocess.run(["ps", "-e", "-o", "pgid=,pid=,stat="], stdout=subprocess.PIPE, text=True, check=True)
    lines = [line.split() for line in shown.stdout.splitlines()]
    return {int(pid) for pgid, pid, state, *_ in lines if int(pgid) == group and not state.startswith("Z")}


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def test_keeps_what_it_has_taken_when_it_is_killed(server: Server, keeper: Keeper):
    await keeper.put(server)
    url, group = server.url, server.pid
    server.kill()
    assert not processes(group)
    assert not answers(server.port)
    server.start()
    assert server.url == url
    assert await keeper.get(server) == b"o-1"


def test_ends_with_all_its_processes_also_while_it_is_paused(server: Server):
    group = server.pid
    server.pause()
    server.stop()
    assert not server.running
    assert not processes(group)
    server.start()


def test_does_not_start_twice(server: Server):
    with pytest.raises(ServerFailedError, match="runs already"):
        server.start()
    assert answers(server.port)


def test_ends_when_whoever_started_it_is_killed(kind: type[Server], tmp_path: Path):
    program = f"""
import signal
from pathlib import Path
from {kind.__module__} import {kind.__name__}
print({kind.__name__}(Path({str(tmp_path)!r})).start().pid, flush=True)
signal.pause()
"""
    command, paths = [sys.executable, "-c", program], os.pathsep.join(sys.path)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}, text=True
    ) as starter:
        group = int(starter.stdout.readline())
        assert group in processes(group)
        starter.kill()
    eventually(lambda: not processes(group))


def test_shows_what_it_wrote_when_it_does_not_start(kind: type[Server], tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = kind(tmp_path, port=taken.getsockname()[1])
        with pytest.raises(ServerFailedError, match=r"(?s)ended at its start.*(in use|eaddrinuse)"):
            server.start()
    assert not server.running


class TestNats:
    @pytest.mark.parametrize("program", [newest_nats, installed_nats])
    async def test_runs_the_program_that_is_chosen(self, program: Callable[[], Path | None], tmp_path: Path):
        required(Nats)
        if program() is None:
            pytest.skip("there is no nats-server on the PATH")
        with Nats(tmp_path, program=program()) as server:
            told = subprocess.run([program(), "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
            client = await nats.connect(server.url)
            version = str(client.connected_server_version)
            await client.close()
            assert told.split()[-1] in version

    async def test_takes_settings(self, tmp_path: Path):
        required(Nats)
        with Nats(tmp_path, settings=["max_payload: 1024"]) as server:
            client = await nats.connect(server.url)
            assert client.max_payload == 1024
            await client.close()

    async def test_as_a_cluster_goes_on_when_one_of_three_is_killed(self, tmp_path: Path, keeper: Keeper):
        required(Nats)
        with NatsCluster(tmp_path) as cluster:
            await keeper.put_nats(cluster.url, replicas=3)
            first, second, _ = cluster.servers
            first.kill()
            second.wait_until_ready()
            assert await keeper.get_nats(second.url) == b"o-1"
            first.start()


async def test_redis_takes_settings(tmp_path: Path):
    required(Redis)
    with Redis(tmp_path, appendfsync="always") as server:
        async with RedisClient.from_url(server.url) as redis:
            assert await redis.config_get("appendfsync") == {"appendfsync": "always"}


@pytest.mark.parametrize("name", ["nats_server", "redis_server"])
def test_a_fixture_gives_a_server_that_runs(name: str, request: pytest.FixtureRequest):
    assert answers(request.getfixturevalue(name).port)
