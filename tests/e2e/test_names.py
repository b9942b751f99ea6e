"""The services with names that operators gave to what is in a broker: by the URL, without a change in a service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.e2e.conftest import watched
from tests.e2e.landscape import Landscape

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.server]

NAMES = "prefix=staging.&streams=order=sales,payment=money,payment.refunded=refunds&groups=payment_service=payments"


@pytest.fixture
def landscape(tmp_path: Path) -> Iterator[Landscape]:
    with watched("kafka", tmp_path, query=NAMES) as landscape:
        yield landscape


async def topics_and_groups(servers: str) -> tuple[set[str], set[str]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        return set(await admin.list_topics()), {group for group, *_ in await admin.list_consumer_groups()}
    finally:
        await admin.close()


def test_an_order_is_paid_and_refunded_in_topics_and_groups_that_are_called_as_given(landscape: Landscape) -> None:
    order_id = landscape.place("20.00")
    landscape.order_becomes(order_id, "completed")
    assert landscape.post("order_service", f"/orders/{order_id}/cancel").json()["status"] == "canceled"
    landscape.order_becomes(order_id, "refunded")
    landscape.becomes_quiet()

    assert landscape.charges_of(order_id) == ["charge", "refund"]
    for event in ("order.created", "payment.completed", "order.canceled", "payment.refunded", "order.refunded"):
        # Who follows sees a topic before another one: `payment.refunded` has a topic apart from its domain's.
        landscape.eventually(partial(landscape.published, event, order_id=order_id), 1)
    assert landscape.dead_letters() == []
    topics, groups = asyncio.run(topics_and_groups(urlsplit(landscape.system.bus_url).netloc))
    domains = ("sales", "money", "refunds", "invoice", "product", "subscription", "user", "wallet")
    dead = ("payments.dead", "order_service.dead", "product_service.dead")
    assert topics == {f"staging.{name}" for name in (*domains, *dead)}
    assert groups == {"staging.payments", "staging.order_service", "staging.product_service"}
