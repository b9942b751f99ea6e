"""Services that are killed in the middle of their work lose nothing and do nothing twice, whatever the bus."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from tests.e2e.conftest import BUSES, watched
from tests.e2e.landscape import Landscape

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

# Of handlers that are cancelled in this process. As an error it would keep the connection open.
left_to_the_garbage_collector = pytest.mark.filterwarnings(
    "ignore:The garbage collector is trying to clean up:sqlalchemy.exc.SAWarning"
)
ORDERS = 36
KILLS = ("payment_service", "order_service", "product_service", "order_service", "payment_service")


@pytest.fixture(
    params=[pytest.param(bus, marks=left_to_the_garbage_collector if bus == "memory" else ()) for bus in BUSES]
)
def landscape(request, tmp_path) -> Iterator[Landscape]:
    with watched(request.param, tmp_path) as landscape:
        yield landscape


class Plan(NamedTuple):
    """What is ordered, and what has to become of it.

    Args:
        fields: The order.
        amount: What it costs.
        cancel: Whether it is canceled in the end.
        status: How it ends.
        charges: What the gateway does.
    """

    fields: dict[str, object]
    amount: str
    cancel: bool
    status: str
    charges: list[str]


def plan(number: int) -> Plan:
    match number % 6:
        case 0:
            return Plan({}, "20.13", False, "failed", [])
        case 1:
            return Plan({}, "20.00", True, "refunded", ["charge", "refund"])
        case 2:
            top_up = {"user_id": "ben", "order_type": "top_up", "wallet_id": "wallet-ben"}
            return Plan(top_up, "50.00", False, "completed", ["charge"])
        case _:
            return Plan({}, "20.00", False, "completed", ["charge"])


def test_a_burst_of_orders_during_kills(landscape):
    rng = random.Random(20260301)

    def live_through(number: int) -> str:
        """Place an order, and cancel it if that is planned; asked again where a service died under the question."""
        planned = plan(number)
        order_id = landscape.insist(
            lambda: landscape.place(planned.amount, **planned.fields, request_id=f"order-{number}")
        )
        report = {"user_id": "ada", "product_id": "api-calls", "usage_amount": "1", "request_id": f"usage-{number}"}
        landscape.insist(lambda: landscape.post("product_service", "/usage", report).raise_for_status())
        if planned.cancel:
            landscape.order_becomes(order_id, "completed")
            landscape.insist(lambda: landscape.post("order_service", f"/orders/{order_id}/cancel").raise_for_status())
        return order_id

    with ThreadPoolExecutor(6) as pool:
        lives = [pool.submit(live_through, number) for number in range(ORDERS)]
        for kill, victim in enumerate(KILLS, start=1):
            begun = rng.randint((kill - 1) * 4 + 1, kill * 4)
            landscape.eventually(lambda: landscape.begun_orders() >= begun, True)  # noqa: B023 - called at once
            landscape.system.apps[victim].kill()
            landscape.system.start(victim)
        order_ids = [life.result() for life in lives]

    for number, order_id in enumerate(order_ids):
        landscape.order_becomes(order_id, plan(number).status)
    landscape.becomes_quiet()

    assert landscape.dead_letters() == []
    assert landscape.begun_orders() == ORDERS
    assert {id: landscape.charges_of(id) for id in order_ids} == {
        id: plan(number).charges for number, id in enumerate(order_ids)
    }
    of_an_order = (
        "order.created",
        "payment.intent.created",
        "order.completed",
        "order.refunded",
        "wallet.credits_added",
    )
    published = {name: Counter(event["order_id"] for event in landscape.events(name)) for name in of_an_order}
    for number, order_id in enumerate(order_ids):
        completed = int(plan(number).status != "failed")
        assert published["order.created"][order_id] == 1
        assert published["payment.intent.created"][order_id] == 1
        assert published["order.completed"][order_id] == completed
        assert published["order.refunded"][order_id] == int(plan(number).cancel)
        assert published["wallet.credits_added"][order_id] == int(number % 6 == 2)
    assert landscape.published("product.usage.recorded") == ORDERS
