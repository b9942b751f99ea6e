import functools
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from eventkit.bus.connect import connect
from eventkit.bus.protocol import Bus
from eventkit.testing.conformance import BusConformance
from eventkit.testing.conformance.outages import What
from eventkit.testing.conformance.support import BusFactory, OwnServer
from tests.bus.amqp.support import Broker
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.server import free_port


class TestConformance(BusConformance):
    @pytest.fixture
    def bus_factory(self, broker: Broker) -> BusFactory:
        return functools.partial(connect, broker.url, prefix=broker.prefix)

    @pytest.fixture
    def absent_factory(self) -> Callable[..., Bus]:
        def absent(**settings: object) -> Bus:
            return connect(f"amqp://127.0.0.1:{free_port()}/", **settings)

        return absent

    @pytest.fixture
    def own_server(self, rabbitmq_server: RabbitMQ, tmp_path: Path) -> Iterator[OwnServer]:
        with RabbitMQ(tmp_path) as server:
            yield OwnServer(functools.partial(connect, server.url), server.kill, server.start)

    @pytest.fixture
    def delete_topology(self, broker: Broker) -> Callable[[What], Awaitable[None]]:
        async def delete(what: What) -> None:
            async with broker.channel() as channel:
                if what == "events":
                    await channel.exchange_delete(f"{broker.prefix}order")
                else:
                    for partition in range(4):
                        await channel.queue_delete(f"{broker.prefix}payment_service.{partition}")

        return delete
