"""What type checkers make of the public API. Checked by mypy, never run: each wrong line says which error it gives."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Generic, TypeVar, assert_type

from eventkit import Bus, Envelope, Event, EventType, Retry, Service, Worker, connect, publish_to
from eventkit.testing import record

T = TypeVar("T")
service = Service("order_service")


class OrderCreated(Event, type="order.created", version=2, key="order_id"):
    order_id: str
    total: Decimal


class OrderCreatedV1(Event, type="order.created"):
    order_id: str


class Changed(Event, Generic[T], type="order.changed"):
    old: T


class Orders: ...


@service.publisher
async def publish_created(order_id: str, *, total: Decimal = Decimal(0)) -> OrderCreated:
    return OrderCreated(order_id=order_id, total=total)


@service.handler
async def handle_created(event: OrderCreated, orders: Orders) -> None: ...


@service.handler(retry=Retry(attempts=3), timeout=None)
async def handle_changed(event: Changed[int], envelope: Envelope) -> None: ...


@service.upcaster
def from_1(old: OrderCreatedV1) -> OrderCreated:
    return OrderCreated(order_id=old.order_id, total=Decimal(0))


class Recorder:
    async def publish(self, envelope: Envelope) -> None: ...


async def a_publisher_keeps_its_parameters_and_what_it_returns() -> None:
    assert_type(await publish_created("o-1", total=Decimal(1)), OrderCreated)
    assert_type(asyncio.create_task(publish_created("o-1")), asyncio.Task[OrderCreated])
    await publish_created(1)  # type: ignore[arg-type]
    await publish_created("o-1", Decimal(1))  # type: ignore[call-arg]


async def a_handler_and_an_upcaster_stay_what_they_are() -> None:
    await handle_created(OrderCreated(order_id="o-1", total=Decimal(1)), Orders())
    await handle_created(OrderCreatedV1(order_id="o-1"), Orders())  # type: ignore[arg-type]
    assert_type(from_1(OrderCreatedV1(order_id="o-1")), OrderCreated)
    from_1(1)  # type: ignore[arg-type]


async def running_gives_what_the_bus_serves_with() -> None:
    async with connect("memory://") as bus:
        assert_type(bus, Bus)
        async with service.run(bus, Orders()) as worker:
            assert_type(worker, Worker)


async def a_sink_is_whatever_takes_envelopes() -> None:
    with publish_to(Recorder()), service.publishing(Recorder()):
        await publish_created("o-1")
    with publish_to(Orders()):  # type: ignore[arg-type]
        pass


def events_are_typed_models() -> None:
    event = OrderCreated.from_json(b"{}")
    assert_type(event, OrderCreated)
    assert_type(event.to_json(), bytes)
    assert_type(OrderCreated.event_type(), EventType)
    assert_type(Changed[int](old=1).old, int)
    event.total = Decimal(1)  # type: ignore[misc]
    OrderCreated(order_id="o-1")  # type: ignore[call-arg]
    with record() as recorded:
        assert_type(recorded.events(OrderCreated), list[OrderCreated])


@service.handler  # type: ignore[type-var]
def plain_handler(event: OrderCreated) -> None: ...


@service.publisher  # type: ignore[type-var]
async def publish_no_event() -> int:
    return 1
