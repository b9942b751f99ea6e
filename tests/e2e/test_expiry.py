"""An order that nobody pays ends by itself, and money that comes too late goes back."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import watched
from tests.e2e.landscape import Landscape

pytestmark = pytest.mark.e2e


@pytest.fixture
def landscape(tmp_path) -> Iterator[Landscape]:
    """The services without payment_service, where orders expire soon."""
    times = {"REMIND_AFTER": "0.5", "EXPIRE_AFTER": "1"}
    settings = {f"ORDER_SERVICE_{name}": seconds for name, seconds in times.items()}
    with watched("sqlite", tmp_path, start=("neighbours", "order_service"), settings=settings) as landscape:
        yield landscape


def test_an_unpaid_order_expires_and_a_late_payment_is_paid_back(landscape):
    order_id = landscape.place("20.00")

    landscape.order_becomes(order_id, "expired")
    landscape.system.start("product_service", "payment_service")
    landscape.order_becomes(order_id, "refunded")

    landscape.becomes_quiet()
    assert landscape.charges_of(order_id) == ["charge", "refund"]
    assert landscape.published("order.expired", order_id=order_id) == 1
    assert landscape.published("order.refunded", order_id=order_id) == 1
    assert landscape.published("order.completed", order_id=order_id) == 0
    assert landscape.dead_letters() == []
