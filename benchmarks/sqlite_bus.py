"""The SQLite bus beside a bare loop of `INSERT ... COMMIT` with the same settings of SQLite.

Everything is durable: what was published and what was acknowledged survives a power cut. So it is the disk that is
measured, most of all. Consuming is what a whole service does: claim, read, validate, call the handler, acknowledge.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Table, alternate, seconds
from benchmarks.memory_bus import ORDERS, OrderCreated
from eventkit import Envelope, Service, connect
from eventkit.bus.sqlite.log import Entry

EVENTS = 10_000
FEWER = 1_000  # where each waits for the disk
AT_ONCE = 64


def envelopes(count: int) -> list[Envelope]:
    return [Envelope.of(ORDERS[number % len(ORDERS)], source="order_service") for number in range(count)]


def bare(path: Path, count: int) -> float:
    """Insert the same rows, one transaction each."""
    entries = [Entry.of(each) for each in envelopes(count)]
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, type, key, headers, body)")

    def insert() -> None:
        for entry in entries:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "INSERT INTO events (type, key, headers, body) VALUES (?, ?, ?, ?)",
                (entry.type, entry.key, entry.headers, entry.body),
            )
            connection.execute("COMMIT")

    duration = seconds(insert)
    connection.close()
    return duration


async def publish(path: Path, count: int, at_once: int) -> float:
    """Publish from so many tasks; an event is safe when its call returns."""
    async with connect(f"sqlite:///{path}") as bus:
        waiting = iter(envelopes(count))

        async def publisher() -> None:
            for envelope in waiting:
                await bus.publish(envelope)

        begun = time.perf_counter()
        await asyncio.gather(*(publisher() for _ in range(at_once)))
        return time.perf_counter() - begun


async def consume(path: Path, count: int) -> float:
    """Handle what is there, until all of it is acknowledged."""
    service, handled, all_handled = Service("payment_service"), 0, asyncio.Event()

    @service.handler
    async def handle_order_created(event: OrderCreated) -> None:
        nonlocal handled
        handled += 1
        if handled == count:
            all_handled.set()

    await publish(path, count, AT_ONCE)
    async with connect(f"sqlite:///{path}") as bus:
        begun = time.perf_counter()
        async with service.run(bus):
            await all_handled.wait()
        return time.perf_counter() - begun


def run() -> list[Table]:
    def fresh(measure: Callable[[Path], float], count: int) -> Callable[[], float]:
        def once() -> float:
            with tempfile.TemporaryDirectory() as folder:
                return measure(Path(folder) / "events.db") / count * 1e6

        return once

    found = alternate(
        {
            "bare": fresh(lambda path: bare(path, FEWER), FEWER),
            "publish": fresh(lambda path: asyncio.run(publish(path, FEWER, 1)), FEWER),
            "publish at once": fresh(lambda path: asyncio.run(publish(path, EVENTS, AT_ONCE)), EVENTS),
            "consume": fresh(lambda path: asyncio.run(consume(path, EVENTS)), EVENTS),
        }
    )

    def row(name: str, case: str, goal: str = "") -> list[str]:
        return [name, f"{found[case]:.1f}", f"{1e6 / found[case]:,.0f}", f"{found['bare'] / found[case]:.2f}", goal]

    rows = [
        row("a bare `BEGIN; INSERT; COMMIT`", "bare"),
        row("publish, one by one", "publish"),
        row(f"publish, {AT_ONCE} at once", "publish at once", "3,000/s"),
        row("consume", "consume", "10,000/s"),
    ]
    columns = ["durable, `synchronous=FULL`", "µs each", "events/s", "speed beside the bare loop", "goal"]
    return [Table("SQLite bus", columns, rows)]
