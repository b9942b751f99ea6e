"""Names that an operator gives to streams and groups, as Kafka shows them."""

from __future__ import annotations

import functools

import pytest

from eventkit import connect
from tests.bus.kafka.test_promises import admin
from tests.bus.renaming import GROUPS, check
from tests.servers.kafka_broker import Broker

pytestmark = pytest.mark.slow


async def test_topics_and_groups_are_called_as_given(broker: Broker, prefix: str) -> None:
    await check(functools.partial(connect, broker.url, prefix=prefix))

    async with admin(broker) as client:
        topics = {each for each in await client.list_topics() if each.startswith(prefix)}
        groups = {group for group, *_ in await client.list_consumer_groups() if group.startswith(prefix)}
    assert topics == {f"{prefix}{name}" for name in ("sales", "audit", "user", "payments.dead")}
    assert groups == {f"{prefix}payments"}
    assert connect(broker.url, prefix=prefix, groups=GROUPS).group_of("payment_service") in groups
