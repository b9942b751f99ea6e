"""`redis://` does what every bus does, and says clearly what it cannot do."""

from __future__ import annotations

import asyncio
import functools
import logging
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis as Client

from eventkit import BusError, ConfigurationError, PublishError, connect
from eventkit.bus.redis import RedisBus
from eventkit.testing.conformance import BusConformance
from eventkit.testing.conformance.outages import What
from eventkit.testing.conformance.support import OwnServer, event, handle, publish, subscribed
from tests.bus.redis.conftest import Connect
from tests.servers.proxy import Proxy
from tests.servers.redis import Redis, RedisSentinel
from tests.servers.server import free_port


class TestRedisBus(BusConformance):
    @pytest.fixture
    def absent_factory(self, absent_factory: Connect) -> Connect:
        return absent_factory

    @pytest.fixture
    def own_server(self, own_server: Redis) -> OwnServer:
        return OwnServer(functools.partial(connect, own_server.url), own_server.kill, own_server.start)

    @pytest.fixture
    def delete_topology(self, client: Client, prefix: str) -> Callable[[What], Awaitable[None]]:
        async def delete(what: What) -> None:
            stream = f"{prefix}:{{order}}"
            await (client.delete(stream) if what == "events" else client.xgroup_destroy(stream, "payment_service"))

        return delete


async def refusal(url: str, **settings: Any) -> str:
    """Return what opening a bus says."""
    with pytest.raises((BusError, ConfigurationError)) as caught:
        async with connect(url, **settings):
            pass
    return str(caught.value)


async def protect(server: Redis) -> None:
    """Have a server ask for the password `hunter2`."""
    async with Client.from_url(server.url) as client:
        await client.config_set("requirepass", "hunter2")


class TestSettings:
    @pytest.mark.parametrize("setting", ["lease=0.0", "lease=-1.0", "lease=nan", "lease=inf", "retention=-1.0"])
    def test_a_value_out_of_its_range(self, setting: str) -> None:
        with pytest.raises(ConfigurationError, match=f"^{setting} is out of range"):
            connect(f"redis://localhost?{setting}")

    def test_the_database_is_a_number(self) -> None:
        with pytest.raises(ConfigurationError, match=r"^the database 'events' is no number .*; write redis://"):
            connect("redis://localhost/events")

    async def test_buses_with_two_prefixes_do_not_see_each_other(self, redis_server: Redis, prefix: str) -> None:
        async with (
            connect(redis_server.url, prefix=f"{prefix}-1") as one,
            connect(redis_server.url, prefix=f"{prefix}-2") as two,
            subscribed(one) as subscription,
        ):
            await publish(two, ["other"])
            await publish(one, ["mine"])

            assert await handle(subscription, 1) == ["mine"]


class TestOpening:
    async def test_nothing_listens(self) -> None:
        begun = time.monotonic()
        said = await refusal(f"redis://127.0.0.1:{free_port()}")

        assert said.startswith("the server cannot be reached: ")
        assert said.endswith("; see whether it runs")
        assert time.monotonic() - begun < 5

    async def test_something_listens_and_never_answers(self, redis_server: Redis) -> None:
        with Proxy(redis_server.port) as proxy:
            proxy.swallow(replies=True)
            begun = time.monotonic()
            said = await refusal(proxy.url(redis_server.url))

        assert said.startswith("the server cannot be reached: it does not answer")
        assert time.monotonic() - begun < 5.5

    async def test_it_asks_for_a_password(self, own_server: Redis) -> None:
        await protect(own_server)
        assert "asks for a password" in await refusal(own_server.url)
        said = await refusal(f"redis://:hunter3@127.0.0.1:{own_server.port}")
        async with connect(f"redis://:hunter2@127.0.0.1:{own_server.port}") as bus:
            await publish(bus, ["a"])

        assert "refuses the user or the password" in said
        assert "hunter3" not in said

    async def test_it_has_no_password(self, redis_server: Redis) -> None:
        said = await refusal(f"redis://:hunter2@127.0.0.1:{redis_server.port}")

        assert "has no password, and the URL gives one" in said
        assert "hunter2" not in said

    async def test_it_has_no_such_database(self, redis_server: Redis) -> None:
        said = await refusal(f"redis://127.0.0.1:{redis_server.port}/99")

        assert "has no such database" in said

    async def test_it_is_a_replica(self, redis_server: Redis, tmp_path: Path) -> None:
        with Redis(tmp_path, replicaof=f"127.0.0.1 {redis_server.port}") as replica:
            said = await refusal(replica.url)

        assert said.startswith("the server is a replica")

    @pytest.mark.usefixtures("redis_server")
    async def test_it_is_a_sentinel(self, tmp_path: Path) -> None:
        with RedisSentinel(tmp_path) as sentinel:
            said = await refusal(f"redis://127.0.0.1:{sentinel.port}")

        assert said.startswith("the server is a Sentinel")
        assert "redis+sentinel://" in said

    @pytest.mark.usefixtures("redis_server")
    async def test_it_is_a_node_of_a_cluster(self, tmp_path: Path) -> None:
        with Redis(tmp_path, cluster_enabled="yes") as node:
            said = await refusal(node.url)

        assert said.startswith("the server is a node of a Redis Cluster")

    async def test_it_does_not_speak_tls(self, redis_server: Redis) -> None:
        said = await refusal(f"rediss://127.0.0.1:{redis_server.port}")

        assert said.startswith(("TLS fails", "the server cannot be reached"))

    async def test_a_file_for_tls_is_missing(self, redis_server: Redis, tmp_path: Path) -> None:
        said = await refusal(f"rediss://127.0.0.1:{redis_server.port}", tls_ca=str(tmp_path / "missing.pem"))

        assert "missing.pem" in said

    async def test_another_program_uses_the_key_of_a_stream(
        self, bus_factory: Connect, client: Client, prefix: str
    ) -> None:
        stream = f"{prefix}:{{order}}"
        await client.set(stream, "mine")
        async with bus_factory() as bus:
            what = f"another program uses a key of the bus: {re.escape(stream)} is a string, not a stream"
            with pytest.raises(PublishError, match=what):
                await bus.publish(event("a"))
            with pytest.raises(BusError, match=what):
                await bus.subscribe("payment_service", ["order.created"])

        assert await client.keys(f"{prefix}*") == [stream.encode()]

    async def test_another_program_uses_a_key(self, bus_factory: Connect, client: Client, prefix: str) -> None:
        async with bus_factory() as bus:
            await publish(bus, ["first"])
            await client.set(f"{prefix}:{{order}}", "mine")
            with pytest.raises(PublishError, match="another program uses a key of the bus"):
                await bus.publish(event("a"))
            with pytest.raises(BusError, match="another program uses a key of the bus"):
                await bus.subscribe("payment_service", ["order.created"])
            await client.delete(f"{prefix}:{{order}}")

            # What was refused is not taken for what was published.
            await bus.publish(event("a"))
            async with subscribed(bus) as subscription:
                assert await handle(subscription, 1) == ["a"]

    @pytest.mark.usefixtures("redis_server")
    @pytest.mark.parametrize(
        ("settings", "warning"),
        [
            ({"maxmemory_policy": "allkeys-lru"}, "maxmemory-policy allkeys-lru"),
            ({"appendonly": "no"}, "does not write what it acknowledges to its disk"),
        ],
    )
    async def test_a_server_that_would_lose_events_is_told_of_once(
        self, tmp_path: Path, settings: dict[str, str], warning: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with Redis(tmp_path, **settings) as server:
            async with connect(server.url) as publisher:
                await publish(publisher, "ab")
                assert caplog.text.count(warning) == 1
                await publisher.subscribe("payment_service", ["order.created"])
                assert caplog.text.count(warning) == 1
            async with connect(server.url) as bus:
                await bus.subscribe("payment_service", ["order.created"])

        assert caplog.text.count(warning) == 2

    @pytest.mark.usefixtures("redis_server")
    async def test_who_only_looks_is_not_told_of_it(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        with Redis(tmp_path, appendonly="no") as server:
            async with connect(server.url) as bus:
                await bus.ping()
                await bus.lag()
                await bus.dead_letters.list()

        assert caplog.text == ""

    async def test_no_password_is_logged(self, own_server: Redis, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        await protect(own_server)
        async with connect(f"redis://:hunter2@127.0.0.1:{own_server.port}") as bus:
            await bus.subscribe("payment_service", ["order.created"])
            own_server.kill()
            with pytest.raises(PublishError) as caught:
                await bus.publish(event("a"))

        assert "hunter2" not in f"{caplog.text} {caught.value} {caught.value.__cause__!r} {bus.url} {vars(bus)}"


class TestPublishing:
    async def test_the_same_event_twice_is_stored_once(self, bus_factory: Connect) -> None:
        async with bus_factory() as bus, subscribed(bus) as subscription:
            await publish(bus, ["a", "a", "b"])

            assert await handle(subscription, 2) == ["a", "b"]

    async def test_many_at_once_share_the_way(self, bus_factory: Connect, client: Client) -> None:
        async with bus_factory() as bus:
            assert isinstance(bus, RedisBus)
            await publish(bus, ["first"])
            before = (await client.info("stats"))["total_reads_processed"]
            await asyncio.gather(*(bus.publish(event(f"event-{number}")) for number in range(64)))
            reads = (await client.info("stats"))["total_reads_processed"] - before

        assert reads < 20, "64 publishers cost the server a few reads, not one each"

    async def test_what_is_under_way_when_the_bus_is_closed_is_stored(self, bus_factory: Connect) -> None:
        bus = bus_factory()
        await bus.open()
        await publish(bus, ["first"])
        under_way = [asyncio.create_task(bus.publish(event(f"event-{number}"))) for number in range(20)]
        await asyncio.sleep(0)
        await bus.close()
        await asyncio.gather(*under_way)

        async with bus_factory() as bus, subscribed(bus) as subscription:
            assert len(await handle(subscription, 21)) == 21

    async def test_a_bus_is_used_in_the_event_loop_in_which_it_was_opened(self, bus_factory: Connect) -> None:
        async with bus_factory() as bus:
            with pytest.raises(PublishError, match="another event loop"):
                await asyncio.to_thread(functools.partial(asyncio.run, bus.publish(event("a"))))
