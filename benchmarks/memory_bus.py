"""The memory bus beside the least that any bus has to do, and beside FastStream's broker for tests.

One event is a model of eight fields, 321 bytes of JSON. It goes from the publisher's call to the handler, written as
JSON on one side and validated on the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from importlib.util import find_spec

from benchmarks.measure import Table, alternate, seconds
from eventkit import Event, Service, connect

EVENTS = 10_000
FEWER = 1_000  # for the peer, of which each takes long enough


class Currency(Enum):
    USD = "USD"
    EUR = "EUR"


class OrderCreated(Event, type="order.created", key="order_id"):
    order_id: str
    user_id: str
    organization_id: str | None
    total_amount: Decimal
    currency: Currency
    items: list[str]
    note: str
    created_at: datetime


ORDERS = [
    OrderCreated(
        order_id=f"order-{number:06}",
        user_id="user-0000001",
        organization_id=None,
        total_amount=Decimal("129.90"),
        currency=Currency.EUR,
        items=["product-000001", "product-000002", "product-000003"],
        note="Please ring twice, and leave it with the neighbours on the second floor if nobody opens.",
        created_at=datetime(2026, 1, 1, 12, 30, tzinfo=UTC),
    )
    for number in range(1000)
]


async def handler(event: OrderCreated) -> None:
    pass


async def call(count: int) -> None:
    for number in range(count):
        await handler(OrderCreated.model_validate_json(ORDERS[number % 1000].model_dump_json()))


async def queue(count: int, *, one_by_one: bool) -> None:
    events: asyncio.Queue[str] = asyncio.Queue(100)

    async def consume() -> None:
        for _ in range(count):
            await handler(OrderCreated.model_validate_json(await events.get()))
            events.task_done()

    consumer = asyncio.create_task(consume())
    for number in range(count):
        await events.put(ORDERS[number % 1000].model_dump_json())
        if one_by_one:
            await events.join()
    await consumer


async def memory_bus(count: int, *, one_by_one: bool) -> None:
    service, handled, all_handled, one_handled = Service("order_service"), 0, asyncio.Event(), asyncio.Event()

    @service.publisher
    async def publish_order_created(event: OrderCreated) -> OrderCreated:
        return event

    @service.handler
    async def handle_order_created(event: OrderCreated) -> None:
        nonlocal handled
        handled += 1
        one_handled.set()
        if handled == count:
            all_handled.set()

    async with connect("memory://") as bus, service.run(bus):
        for number in range(count):
            await publish_order_created(ORDERS[number % 1000])
            if one_by_one:
                await one_handled.wait()
                one_handled.clear()
        await all_handled.wait()


async def faststream(count: int) -> None:
    from faststream.nats import NatsBroker, TestNatsBroker

    broker = NatsBroker()
    broker.subscriber("order.created")(handler)
    async with TestNatsBroker(broker):
        for number in range(count):
            await broker.publish(ORDERS[number % 1000], "order.created")


def run() -> list[Table]:
    def each(coroutine: Callable[[int], Awaitable[None]], count: int = EVENTS) -> Callable[[], float]:
        return lambda: seconds(lambda: asyncio.run(coroutine(count))) / count * 1e6

    cases = {
        "call": each(call),
        "queue": each(partial(queue, one_by_one=False)),
        "memory": each(partial(memory_bus, one_by_one=False)),
        "queue, one": each(partial(queue, one_by_one=True)),
        "memory, one": each(partial(memory_bus, one_by_one=True)),
    }
    if find_spec("faststream"):
        cases["faststream"] = each(faststream, FEWER)
    found = alternate(cases)

    def row(name: str, case: str, beside: str, goal: str = "") -> list[str]:
        return [name, f"{found[case]:.1f}", f"{1e6 / found[case]:,.0f}", f"{found[beside] / found[case]:.2f}", goal]

    rows = [
        row("`await handler(Model.model_validate_json(m.model_dump_json()))`", "call", "queue"),
        row("the same through an `asyncio.Queue`", "queue", "queue"),
        row("eventkit, `memory://`", "memory", "queue", "0.5"),
        row("one by one: through an `asyncio.Queue`", "queue, one", "queue, one"),
        row("one by one: eventkit, `memory://`", "memory, one", "queue, one", "0.5"),
    ]
    if "faststream" in found:
        rows.append(row("FastStream's `TestNatsBroker`, which calls the handler itself", "faststream", "queue, one"))
        times, one = (found["faststream"] / found[case] for case in ("memory", "memory, one"))
        note = (
            f"eventkit handles {times:.1f} times as many events as FastStream (goal: 11), one by one {one:.1f} times."
        )
    else:
        note = "FastStream is not installed here; `make bench` measures it, too."
    columns = ["from the publisher's call to the handler", "µs each", "events/s", "speed beside the queue", "goal"]
    return [Table("Memory bus", columns, rows, note)]
