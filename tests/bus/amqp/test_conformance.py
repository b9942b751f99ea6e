from collections.abc import Callable

import pytest

from eventkit.bus.connect import connect
from eventkit.bus.protocol import Bus
from eventkit.testing.conformance import BusConformance
from eventkit.testing.conformance.support import BusFactory
from tests.bus.amqp.support import Broker
from tests.servers.server import free_port


class TestConformance(BusConformance):
    @pytest.fixture
    def bus_factory(self, broker: Broker) -> BusFactory:
        return broker.connect

    @pytest.fixture
    def absent_factory(self) -> Callable[..., Bus]:
        def absent(**settings: object) -> Bus:
            return connect(f"amqp://127.0.0.1:{free_port()}/", **settings)

        return absent
