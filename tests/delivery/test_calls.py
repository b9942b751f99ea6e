"""Filling the parameters of a handler."""

from __future__ import annotations

from typing import Any

import pytest

from eventkit import Envelope, Service
from eventkit.delivery.calls import bind
from tests.delivery.running import OrderCreated, order


class Ledger:
    pass


class Clock:
    pass


LEDGER, CLOCK = Ledger(), Clock()
SENT = order("order-1")
EVENT = OrderCreated(order_id="order-1")


def event_only() -> Any:
    async def handle(event: OrderCreated) -> Any:
        return [event]

    return handle, [EVENT]


def dependencies_by_type() -> Any:
    async def handle(event: OrderCreated, clock: Clock, ledger: Ledger) -> Any:
        return [event, clock, ledger]

    return handle, [EVENT, CLOCK, LEDGER]


def envelope_between() -> Any:
    async def handle(event: OrderCreated, envelope: Envelope, ledger: Ledger) -> Any:
        return [event, envelope, ledger]

    return handle, [EVENT, SENT, LEDGER]


def only_by_keyword() -> Any:
    async def handle(event: OrderCreated, *, ledger: Ledger, envelope: Envelope) -> Any:
        return [event, ledger, envelope]

    return handle, [EVENT, LEDGER, SENT]


def everything_by_keyword() -> Any:
    async def handle(*, event: OrderCreated, ledger: Ledger) -> Any:
        return [event, ledger]

    return handle, [EVENT, LEDGER]


def only_by_position() -> Any:
    async def handle(event: OrderCreated, ledger: Ledger, /, clock: Clock) -> Any:
        return [event, ledger, clock]

    return handle, [EVENT, LEDGER, CLOCK]


@pytest.mark.parametrize(
    "case",
    [event_only, dependencies_by_type, envelope_between, only_by_keyword, everything_by_keyword, only_by_position],
)
async def test_each_parameter_gets_what_it_asks_for(case: Any) -> None:
    function, expected = case()
    service = Service("payment_service")
    service.handler(function)

    call = bind(service.handlers[0], (LEDGER, "something else", CLOCK))

    assert await call(EVENT, SENT) == expected
