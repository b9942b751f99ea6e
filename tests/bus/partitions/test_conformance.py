"""What `eventkit.bus.partitions` gives every bus, on the smallest broker that there can be."""

import pytest

from eventkit.testing.conformance import BusConformance
from eventkit.testing.conformance.support import BusFactory
from tests.bus.partitions.log_bus import Broker


class TestConformance(BusConformance):
    @pytest.fixture
    def bus_factory(self) -> BusFactory:
        return Broker().connect
