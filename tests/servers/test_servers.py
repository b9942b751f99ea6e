"""The servers do what the tests of the buses rely on: they keep their data, and leave no process behind."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
import asyncpg
import nats
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from nats.js.api import StreamConfig
from redis.asyncio import Redis as RedisClient

from tests.servers.fixtures import required
from tests.servers.kafka import Kafka
from tests.servers.nats import Nats, NatsCluster, installed_nats, newest_nats
from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.redis import Redis
from tests.servers.server import Server, ServerFailedError, family, free_port, processes

pytestmark = pytest.mark.server

KINDS = [
    pytest.param(Nats, id="nats"),
    pytest.param(Redis, id="redis"),
    pytest.param(RabbitMQ, id="rabbitmq", marks=pytest.mark.slow),
    pytest.param(Kafka, id="kafka"),
    pytest.param(Postgres, id="postgres"),
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

    @asynccontextmanager
    async def database(self, url: str) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            yield connection
        finally:
            await connection.close()

    async def put_postgres(self, url: str) -> None:
        async with self.database(url) as connection:
            await connection.execute("CREATE TABLE orders (id text)")
            await connection.execute("INSERT INTO orders VALUES ('o-1')")

    async def get_postgres(self, url: str) -> bytes | None:
        async with self.database(url) as connection:
            return (await connection.fetchval("SELECT id FROM orders")).encode()

    async def put_kafka(self, url: str) -> None:
        address = url.removeprefix("kafka://")
        admin = AIOKafkaAdminClient(bootstrap_servers=address)
        await admin.start()
        await admin.create_topics([NewTopic("orders", num_partitions=1, replication_factor=1)])
        await admin.close()
        async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
            await producer.send_and_wait("orders", b"o-1")

    async def get_kafka(self, url: str) -> bytes | None:
        address = url.removeprefix("kafka://")
        async with AIOKafkaConsumer("orders", bootstrap_servers=address, auto_offset_reset="earliest") as consumer:
            return (await consumer.getone()).value

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


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def test_keeps_what_it_has_taken_when_it_is_killed(server: Server, keeper: Keeper):
    await keeper.put(server)
    url, members = server.url, family(server.pid)
    server.kill()
    assert not members & processes().keys()
    assert not answers(server.port)
    server.start()
    assert server.url == url
    assert await keeper.get(server) == b"o-1"


def test_ends_with_all_its_processes_also_while_it_is_paused(server: Server):
    members = family(server.pid)
    server.pause()
    server.stop()
    assert not server.running
    try:
        # Those that it left behind are init's to bury, which takes a moment.
        deadline = time.monotonic() + 60
        while members & processes().keys():
            assert time.monotonic() < deadline, "something of it is left"
            time.sleep(0.01)
    finally:
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
        members = family(int(starter.stdout.readline()))
        assert members <= processes().keys()
        starter.kill()
    eventually(lambda: not members & processes().keys())


def test_shows_what_it_wrote_when_it_does_not_start(kind: type[Server], tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = kind(tmp_path, port=taken.getsockname()[1])
        with pytest.raises(ServerFailedError, match=r"(?s)ended at its start.*(in use|eaddrinuse)"):
            server.start()
    assert not server.running


def version_of(program: Path) -> str:
    return subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1]


class TestNats:
    @pytest.mark.parametrize("program", [newest_nats, installed_nats])
    async def test_runs_the_program_that_is_chosen(self, program: Callable[[], Path | None], tmp_path: Path):
        required(Nats)
        if program() is None:
            pytest.skip("there is no nats-server on the PATH")
        with Nats(tmp_path, program=program()) as server:
            client = await nats.connect(server.url)
            version = str(client.connected_server_version)
            await client.close()
        assert version_of(program()) in version

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
            async with asyncio.timeout(60):
                while (found := await self.kept(second, keeper)) is None:
                    pass
            assert found == b"o-1"
            first.start()

    async def kept(self, server: Nats, keeper: Keeper) -> bytes | None:
        """What is kept; None while the two that are left choose who leads the stream."""
        try:
            return await keeper.get_nats(server.url)
        except (nats.errors.TimeoutError, nats.js.errors.ServiceUnavailableError):
            return None


async def test_redis_takes_settings(tmp_path: Path):
    required(Redis)
    with Redis(tmp_path, appendfsync="no") as server:
        async with RedisClient.from_url(server.url) as redis:
            assert await redis.config_get("appendfsync") == {"appendfsync": "no"}


async def test_postgres_makes_databases_that_share_nothing(postgres_server: Postgres, keeper: Keeper):
    first, second = postgres_server.new_database(), postgres_server.new_database()
    await keeper.put_postgres(first)
    await keeper.put_postgres(second)
    assert await keeper.get_postgres(first) == b"o-1"


async def test_postgres_takes_settings(tmp_path: Path, keeper: Keeper):
    required(Postgres)
    with Postgres(tmp_path, max_connections="7") as server:
        async with keeper.database(server.url) as connection:
            assert await connection.fetchval("SHOW max_connections") == "7"


@pytest.mark.parametrize("name", ["nats_server", "redis_server", "kafka_server", "postgres_server"])
def test_a_fixture_gives_a_server_that_runs(name: str, request: pytest.FixtureRequest):
    assert answers(request.getfixturevalue(name).port)


def test_no_port_is_given_to_two_processes_or_twice_in_a_row():
    program = "from tests.servers.server import free_port\nprint(*[free_port() for _ in range(50)])"
    paths = os.pathsep.join(sys.path)
    others = [
        subprocess.Popen(
            [sys.executable, "-c", f"{program}\ninput()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
            text=True,
        )
        for _ in range(3)
    ]
    ports = [free_port() for _ in range(50)]
    for each in others:
        ports += map(int, each.stdout.readline().split())
    for each in others:
        each.communicate("\n")
    assert len(set(ports)) == 200
