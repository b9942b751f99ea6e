"""What every bus does, as tests: a backend is done when it passes them.

    from eventkit.testing.conformance import BusConformance

    class TestMyBus(BusConformance):
        @pytest.fixture
        def bus_factory(self, tmp_path):
            return functools.partial(connect, f"mybus://{tmp_path}/events")

`bus_factory(**settings)` returns a bus that is not open yet; all those of one test share one storage, if the backend
has one. It takes the settings `lease`, `concurrency` and `grace` of `eventkit.connect`. What only some buses can do is
asked from their `capabilities`. Where a bus has a broker that may be absent, a fixture `absent_factory` returns what
makes a bus for an address where none is.

The suite needs pytest and pytest-asyncio. A conftest that calls
`pytest.register_assert_rewrite("eventkit.testing.conformance")` before it is imported gets detailed messages.
"""

from eventkit.testing.conformance.crowds import CrowdConformance
from eventkit.testing.conformance.dead_letters import DeadLetterConformance
from eventkit.testing.conformance.deliveries import DeliveryConformance
from eventkit.testing.conformance.operations import OperationsConformance
from eventkit.testing.conformance.order import OrderConformance
from eventkit.testing.conformance.services import ServiceConformance
from eventkit.testing.conformance.storage import StorageConformance

__all__ = ["BusConformance"]


class BusConformance(
    DeliveryConformance,
    OrderConformance,
    DeadLetterConformance,
    OperationsConformance,
    ServiceConformance,
    StorageConformance,
    CrowdConformance,
):
    """All promises of a bus."""
