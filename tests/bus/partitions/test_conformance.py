"""What `eventkit.bus.partitions` gives every bus, on the smallest broker that there can be."""

import pytest

from eventkit.testing.conformance.crowds import CrowdConformance
from eventkit.testing.conformance.dead_letters import DeadLetterConformance
from eventkit.testing.conformance.deliveries import DeliveryConformance
from eventkit.testing.conformance.order import OrderConformance
from eventkit.testing.conformance.services import ServiceConformance
from eventkit.testing.conformance.storage import StorageConformance
from eventkit.testing.conformance.support import BusFactory
from tests.bus.partitions.log_bus import Broker


class TestConformance(
    DeliveryConformance,
    OrderConformance,
    DeadLetterConformance,
    ServiceConformance,
    StorageConformance,
    CrowdConformance,
):
    @pytest.fixture
    def bus_factory(self) -> BusFactory:
        return Broker().connect
