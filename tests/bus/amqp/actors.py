"""What runs in the processes that tests start and kill."""

from __future__ import annotations

import asyncio
import os

from eventkit.bus.connect import connect
from eventkit.contract.event import Event
from eventkit.contract.retry import Retry
from eventkit.contract.service import Service


class OrderCreated(Event, type="order.created", key="order_id"):
    order_id: str
    number: int


def handle_orders(url: str, prefix: str, path: str, pause: float) -> None:
    """Handle orders until killed, and write down each: key, number and process."""
    payment = Service("payment_service")
    file = os.open(path, os.O_APPEND | os.O_WRONLY | os.O_CREAT)

    @payment.handler
    async def handle_order_created(event: OrderCreated) -> None:
        await asyncio.sleep(pause)
        os.write(file, f"{event.order_id} {event.number} {os.getpid()}\n".encode())

    async def run() -> None:
        async with connect(url, prefix=prefix, lease=5.0) as bus, payment.run(bus):
            await asyncio.Event().wait()

    asyncio.run(run())


def handle_or_die(url: str, prefix: str, path: str, poison: int) -> None:
    """Handle orders, and end the process in the middle of one of them."""
    payment = Service("payment_service")
    file = os.open(path, os.O_APPEND | os.O_WRONLY | os.O_CREAT)

    @payment.handler(retry=Retry(crashes=4))
    async def handle_order_created(event: OrderCreated) -> None:
        await asyncio.sleep(0.01)
        if event.number == poison:
            os._exit(1)
        os.write(file, f"{event.order_id} {event.number} {os.getpid()}\n".encode())

    async def run() -> None:
        async with connect(url, prefix=prefix, partitions=1, concurrency=2) as bus, payment.run(bus):
            await asyncio.Event().wait()

    asyncio.run(run())
