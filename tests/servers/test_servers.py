"""The servers do what the tests of the buses rely on: they keep their data, and leave no process behind."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.js.api import StreamConfig
from redis.asyncio import Redis as RedisClient

from tests.servers.fixtures import required
from tests.servers.nats import Nats, NatsCluster, installed_nats
from tests.servers.redis import Redis
from tests.servers.server import Server, ServerFailedError

KINDS = [Nats, Redis]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.kind)
def kind(request: pytest.FixtureRequest) -> type[Server]:
    required(request.param)
    return request.param


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def alive(pid: int) -> bool:
    """Whether a process of the group runs; one that has ended and that nobody waits for any more does not."""
    shown = subprocess.run(["ps", "-o", "stat=", "-g", str(pid)], stdout=subprocess.PIPE, text=True, check=False)
    return any(not state.startswith("Z") for state in shown.stdout.split())


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.server
class TestEveryServer:
    def test_answers_when_it_has_started_and_is_gone_when_it_has_stopped(self, kind: type[Server], tmp_path: Path):
        with kind(tmp_path) as server:
            pid = server.pid
            assert server.running
            assert answers(server.port)
        assert not server.running
        assert not answers(server.port)
        assert not alive(pid)

    def test_leaves_no_process_when_it_is_killed_and_starts_again_on_its_port(self, kind: type[Server], tmp_path: Path):
        with kind(tmp_path) as server:
            url, pid = server.url, server.pid
            server.kill()
            assert not answers(server.port)
            assert not alive(pid)
            server.start()
            assert server.url == url
            assert answers(server.port)

    def test_stops_while_it_is_paused(self, kind: type[Server], tmp_path: Path):
        with kind(tmp_path) as server:
            server.pause()
        assert not answers(server.port)

    def test_ends_when_whoever_started_it_is_killed(self, kind: type[Server], tmp_path: Path):
        program = f"""
            import signal
            from pathlib import Path
            from {kind.__module__} import {kind.__name__}
            print({kind.__name__}(Path({str(tmp_path)!r})).start().pid, flush=True)
            signal.pause()
        """
        lines = "\n".join(line.strip() for line in program.splitlines())
        with subprocess.Popen([sys.executable, "-c", lines], stdout=subprocess.PIPE, text=True) as starter:
            pid = int(starter.stdout.readline())
            assert alive(pid)
            starter.kill()
        eventually(lambda: not alive(pid))

    def test_shows_what_it_wrote_when_it_does_not_start(self, kind: type[Server], tmp_path: Path):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            server = kind(tmp_path, port=taken.getsockname()[1])
            with pytest.raises(ServerFailedError, match=r"(?s)ended at its start.*in use"):
                server.start()
        assert not server.running


@asynccontextmanager
async def jetstream(url: str) -> AsyncIterator[nats.js.JetStreamContext]:
    client = await nats.connect(url.split(","))
    try:
        yield client.jetstream()
    finally:
        await client.close()


class TestNats:
    @pytest.fixture(params=["newest", "installed"])
    def server(self, request: pytest.FixtureRequest, tmp_path: Path):
        required(Nats)
        if request.param == "installed" and installed_nats() is None:
            pytest.skip("no nats-server on the PATH")
        with Nats(tmp_path, program=installed_nats() if request.param == "installed" else None) as server:
            yield server

    @pytest.mark.server
    async def test_keeps_its_streams_when_it_is_killed(self, server: Nats):
        async with jetstream(server.url) as js:
            await js.add_stream(StreamConfig(name="orders", subjects=["orders.>"]))
            await js.publish("orders.created", b"o-1")
        server.kill()
        server.start()
        async with jetstream(server.url) as js:
            assert (await js.get_last_msg("orders", "orders.created")).data == b"o-1"

    @pytest.mark.server
    async def test_as_a_cluster_goes_on_when_one_of_three_is_killed(self, tmp_path: Path):
        required(Nats)
        with NatsCluster(tmp_path) as cluster:
            async with jetstream(cluster.url) as js:
                await js.add_stream(StreamConfig(name="orders", subjects=["orders.>"], num_replicas=3))
                await js.publish("orders.created", b"o-1")
            cluster.servers[0].kill()
            cluster.servers[1].wait_until_ready()
            async with jetstream(cluster.servers[1].url) as js:
                assert (await js.get_last_msg("orders", "orders.created")).data == b"o-1"
            cluster.servers[0].start()


class TestRedis:
    @pytest.mark.server
    async def test_keeps_its_streams_when_it_is_killed(self, tmp_path: Path):
        required(Redis)
        with Redis(tmp_path) as server:
            async with RedisClient.from_url(server.url) as redis:
                await redis.xadd("orders", {"id": "o-1"})
            server.kill()
            server.start()
            async with RedisClient.from_url(server.url) as redis:
                assert [fields for _, fields in await redis.xrange("orders")] == [{b"id": b"o-1"}]

    @pytest.mark.server
    async def test_takes_settings(self, tmp_path: Path):
        required(Redis)
        with Redis(tmp_path, appendfsync="always") as server:
            async with RedisClient.from_url(server.url) as redis:
                assert await redis.config_get("appendfsync") == {"appendfsync": "always"}


class TestSharedServers:
    async def test_are_ready(self, nats_server: Server, redis_server: Server):
        assert nats_server.running
        assert redis_server.running
