"""`nats://` does what every bus does, with an old server, too."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from eventkit import ConfigurationError, connect
from eventkit.bus.protocol import Bus
from eventkit.testing.conformance import BusConformance
from eventkit.testing.conformance.outages import What
from eventkit.testing.conformance.support import BusFactory, OwnServer
from tests.bus.nats.admin import admin
from tests.servers.nats import Nats
from tests.servers.server import free_port


class TestNATSBus(BusConformance):
    @pytest.fixture
    def bus_factory(self, server: Nats) -> BusFactory:
        return functools.partial(connect, server.url)

    @pytest.fixture
    def absent_factory(self) -> Callable[..., Bus]:
        return functools.partial(connect, f"nats://127.0.0.1:{free_port()}")

    @pytest.fixture
    def own_server(self, nats_server: Nats, tmp_path: Path) -> Iterator[OwnServer]:
        with Nats(tmp_path / "nats") as own:
            yield OwnServer(functools.partial(connect, own.url), own.kill, own.start)

    @pytest.fixture
    def delete_topology(self, server: Nats) -> Callable[[What], Awaitable[None]]:
        async def delete(what: What) -> None:
            async with admin(server.url) as operator:
                await operator.delete({"events": "order-stream", "group": "KV_eventkit"}[what])

        return delete


@pytest.mark.server
@pytest.mark.slow
class TestOldServer(BusConformance):
    """Before 2.10, a server does not filter by several subjects, nor says that a consumer is gone."""

    @pytest.fixture
    def bus_factory(self, old_server: Nats) -> BusFactory:
        return functools.partial(connect, old_server.url)


class TestSettings:
    @pytest.mark.parametrize(
        "setting",
        [
            "lease=0.0", "lease=nan", "partitions=0", "partitions=257", "replicas=0", "replicas=6", "retention=0.0",
            "retention=inf", "max_bytes=-1",
        ],
    )  # fmt: skip
    def test_a_value_out_of_its_range(self, setting: str) -> None:
        with pytest.raises(ConfigurationError, match=f"^{setting} is out of range"):
            connect(f"nats://localhost?{setting}")

    @pytest.mark.parametrize("url", ["nats://", "nats://a,,b", "nats://:4222", "nats://user@"])
    def test_a_missing_host(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match="a host cannot be read"):
            connect(url)

    def test_a_path(self) -> None:
        with pytest.raises(ConfigurationError, match="the path '/orders' means nothing here"):
            connect("nats://localhost/orders")

    def test_files_of_tls_that_are_not_there(self) -> None:
        with pytest.raises(ConfigurationError, match=r"the file nowhere\.pem cannot be read"):
            connect("tls://localhost?tls_ca=nowhere.pem")

    def test_secrets_are_not_shown(self) -> None:
        assert "hunter2" not in connect("nats://user:hunter2@localhost").url
        assert "hunter2" not in connect("nats://localhost?token=hunter2").url
