"""Names that an operator gives to streams and groups, as RabbitMQ shows them."""

from __future__ import annotations

import functools

import pytest

from eventkit import ConfigurationError, connect
from eventkit.testing.conformance.support import subscribed
from tests.bus.amqp.support import Broker
from tests.bus.renaming import check


async def test_exchanges_and_queues_are_called_as_given(broker: Broker) -> None:
    await check(functools.partial(connect, broker.url, prefix=broker.prefix, partitions=1))

    exchanges, queues = names(broker, "list_exchanges"), names(broker, "list_queues")
    kept_apart = {each + behind for each in ("sales", "audit", "user") for behind in ("", ".groups", ".unrouted")}
    assert exchanges == {*kept_apart, "payments.instances", "eventkit.groups"}
    unrouted = {f"{each}.unrouted" for each in ("sales", "audit", "user")}
    assert queues == {*unrouted, "payments", "payments.0.state", "payments.dead", "eventkit.groups"}


async def test_lag_tells_streams_as_the_services_call_them_whoever_looks(broker: Broker) -> None:
    bus = functools.partial(connect, broker.url, prefix=broker.prefix, partitions=1)
    streams = {"order": "sales", "order.audited": "audit"}
    async with bus(streams={"order": "sales"}) as theirs, subscribed(theirs, types=("order.created", "order.audited")):
        pass
    async with bus(streams=streams) as theirs, subscribed(theirs, types=("order.created", "order.audited")):
        pass

    async with bus() as ours:
        assert {each.domain for each in await ours.lag()} == {"sales", "audit"}


def test_a_name_that_is_too_long_with_its_prefix_is_told_at_once() -> None:
    connect("amqp://host", prefix="p" * 60, streams={"order": "s" * 7})
    with pytest.raises(ConfigurationError, match=r"'p{60}s{8}' is too long for RabbitMQ"):
        connect("amqp://host", prefix="p" * 60, streams={"order": "s" * 8})


def names(broker: Broker, what: str) -> set[str]:
    """Return how things are called whose names begin with the test's prefix."""
    told = broker.ctl(what, "name").split()
    return {each.removeprefix(broker.prefix) for each in told if each.startswith(broker.prefix)}
