"""The live view: every event on the bus as a line, and below them a board of the orders."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from eventkit import Bus, Envelope
from eventkit.delivery.subscription import Unreadable
from eventkit.discovery.landscape import Landscape

PATIENCE: Final = 30.0  # seconds

# What an event makes of an order, and in which colour.
_STATUS: Final = {
    "order.created": ("placed", "white"),
    "payment.intent.created": ("being paid", "yellow"),
    "payment.completed": ("paid", "cyan"),
    "payment.failed": ("declined", "red"),
    "order.completed": ("completed", "green"),
    "order.updated": ("failed", "red"),
    "order.canceled": ("canceled", "yellow"),
    "payment.refunded": ("paid back", "cyan"),
    "order.refunded": ("refunded", "magenta"),
}


@dataclass(slots=True)
class _Order:
    number: int
    title: str
    steps: list[tuple[str, str]] = field(default_factory=list)


class View:
    """What is seen of the orders of a demonstration.

    Args:
        console: Where it is shown: on a terminal the board changes in place, elsewhere it is printed at the end.
        landscape: Tells who handles which event.
    """

    def __init__(self, console: Console, landscape: Landscape) -> None:
        self._console = console
        self._types = {message.event.name for contract in landscape.contracts for message in contract.publishes}
        self._handled_by = {
            name: [
                contract.service.removesuffix("_service")
                for contract in landscape.contracts
                if any(message.event.name == name for message in contract.handles)
            ]
            for name in self._types
        }
        self._orders: dict[str, _Order] = {}
        self._seen: set[tuple[str, str]] = set()
        self._news = asyncio.Condition()

    @asynccontextmanager
    async def showing(self, bus: Bus) -> AsyncIterator[None]:
        """Show the events of a bus while the block runs, in the order in which they were published."""
        events = bus.follow(self._types, since=datetime.now(UTC))
        with Live(get_renderable=self._board, console=self._console, refresh_per_second=12) as live:

            async def watch() -> None:
                async with aclosing(events):
                    async for event in events:
                        await self._take(event)
                        live.refresh()

            try:
                async with asyncio.TaskGroup() as tasks:
                    watching = tasks.create_task(watch())
                    yield
                    watching.cancel()
            except BaseExceptionGroup as group:
                raise group.exceptions[0] from None

    async def sees(self, type_name: str, order_id: str) -> None:
        """Wait until an event of an order was shown.

        Raises:
            TimeoutError: It did not come.
        """
        try:
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(lambda: (type_name, order_id) in self._seen)
        except TimeoutError:
            raise TimeoutError(f"no {type_name} came for {order_id} within {PATIENCE:.0f} s") from None

    async def _take(self, message: Envelope | Unreadable) -> None:
        async with self._news:
            if isinstance(message, Envelope):
                self._show(message, json.loads(message.data))
            self._news.notify_all()

    def _show(self, envelope: Envelope, event: dict[str, Any]) -> None:
        order_id = event.get("order_id")
        if order_id is None:
            return
        if order_id not in self._orders:
            title = f"{event['user_id']} pays {event.get('total_amount', '')} {event['currency']}"
            self._orders[order_id] = _Order(len(self._orders) + 1, title)
        order = self._orders[order_id]
        if envelope.type in _STATUS:
            order.steps.append(_STATUS[envelope.type])
        handlers = ", ".join(self._handled_by.get(envelope.type, [])) or "nobody so far"
        line = Text(f"{order.number:3}  ")
        line.append(f"{envelope.type:24}", _STATUS.get(envelope.type, ("", ""))[1])
        line.append(f"{envelope.source.removesuffix('_service'):9}")
        line.append(f"-> {handlers}", "dim")
        self._console.print(line)
        self._seen.add((envelope.type, order_id))

    def _board(self) -> Table:
        board = Table("order", "what", "how far it has come", box=box.SIMPLE_HEAD, pad_edge=False)
        for order in self._orders.values():
            steps = Text(" > ").join(Text(word, style) for word, style in order.steps)
            board.add_row(str(order.number), order.title, steps)
        return board
