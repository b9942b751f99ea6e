"""What every bus does, as tests: a backend is done when it passes them.

    import functools

    import pytest
    from mybus import MyBus  # a subclass of eventkit.bus.protocol.Bus

    from eventkit.delivery.worker import WorkerOptions
    from eventkit.testing.conformance import BusConformance

    def my_bus(url, *, lease=30.0, **options):
        return MyBus(url, WorkerOptions(**options), lease=lease)

    class TestMyBus(BusConformance):
        @pytest.fixture
        def bus_factory(self, tmp_path):
            return functools.partial(my_bus, f"mybus://{tmp_path}/events")

`bus_factory(**settings)` returns a bus that is not open yet; all those of one test share one storage, if the backend
has one. It takes the settings `lease`, `concurrency` and `grace` of `eventkit.connect`. `connect` itself knows the
schemes of eventkit's own buses only. What only some buses can do is asked from their `capabilities`.

Some tests need more, and are skipped as NOT TRIED without it; `pytest -rs` shows which:

- a `bus_factory` that can be pickled, as `functools.partial` of a function can: for processes that are killed
- a fixture `absent_factory`, for a bus with a broker: makes a bus for an address where none is
- a fixture `own_server`: a broker that may be killed, `OwnServer` of `eventkit.testing.conformance.support`
- a fixture `delete_topology`: deletes what a domain or a group consists of in the broker of `bus_factory`

The suite needs pytest and pytest-asyncio. A conftest that calls
`pytest.register_assert_rewrite("eventkit.testing.conformance")` before it is imported gets detailed messages.
"""

from eventkit.testing.conformance.crashes import CrashConformance
from eventkit.testing.conformance.crowds import CrowdConformance
from eventkit.testing.conformance.dead_letters import DeadLetterConformance
from eventkit.testing.conformance.deliveries import DeliveryConformance
from eventkit.testing.conformance.operations import OperationsConformance
from eventkit.testing.conformance.order import OrderConformance
from eventkit.testing.conformance.outages import OutageConformance
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
    CrashConformance,
    OutageConformance,
):
    """All promises of a bus."""
