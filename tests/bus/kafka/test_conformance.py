"""`kafka://` does what every bus does."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from eventkit import connect
from eventkit.bus.protocol import Bus
from eventkit.testing.conformance import BusConformance
from eventkit.testing.conformance.support import BusFactory
from tests.servers.kafka_broker import Broker
from tests.servers.server import free_port


@pytest.mark.slow  # tansu lets everybody who joins a group wait for a second
class TestKafkaBus(BusConformance):
    @pytest.fixture
    def bus_factory(self, broker: Broker, prefix: str) -> BusFactory:
        return functools.partial(connect, broker.url, prefix=prefix)

    @pytest.fixture
    def absent_factory(self) -> Callable[..., Bus]:
        return functools.partial(connect, f"kafka://127.0.0.1:{free_port()}")

    @pytest.mark.skip(reason="tansu 0.6 takes who has left for the group's leader, and who joins next waits for it")
    async def test_instances_that_are_closed_at_once_disturb_nobody(self, bus_factory: BusFactory) -> None:
        """Not tried."""
