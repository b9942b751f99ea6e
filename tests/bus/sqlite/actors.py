"""What the killed processes do, and the ledger that they leave behind."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from eventkit import Event, Retry, Service, connect
from eventkit.bus.sqlite import file
from eventkit.delivery import tables
from eventkit.delivery.database import sql_engine
from eventkit.delivery.inbox import first_time

KEYS_PER_PUBLISHER = 3
SMALL_WAL = 100_000
"""Bytes, so that checkpoints are as frequent as commits elsewhere, and processes are killed in the middle of them."""
PAUSE = 0.02
"""Between two events of a key, in seconds: the processes are to be killed in their work, not to pile it up."""


class Counted(Event, type="kill.counted", key="key"):
    key: str
    number: int


@dataclass(frozen=True)
class Place:
    """Where everything is."""

    folder: Path
    lease: float

    @property
    def bus(self) -> str:
        return f"sqlite:///{self.folder}/bus.db?lease={self.lease}"

    @property
    def published(self) -> Path:
        """A line for each event whose publishing returned, in order for each key."""
        return self.folder / "published.jsonl"

    @property
    def log(self) -> Path:
        """What slow handlers did: `ready 0 PID`, `begin NUMBER PID`, `end NUMBER PID`."""
        return self.folder / "log"

    @property
    def engine(self) -> AsyncEngine:
        """The database of the service that handles them."""
        return sql_engine(f"sqlite:///{self.folder}/effects.db")


def publish(place: Place, name: str) -> None:
    """Publish numbered events of a few keys at once, each key's one after the other, and note those that are safe."""
    file.WAL_SIZE = SMALL_WAL
    asyncio.run(_publish(place, name))


async def _publish(place: Place, name: str) -> None:
    service = Service("counter")

    @service.publisher
    async def count(key: str) -> Counted:
        return Counted(key=key, number=time.monotonic_ns())

    # One write of a short line to a file opened for appending is whole or not there, whenever the process is killed.
    ledger = os.open(place.published, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def keep_counting(key: str) -> None:
        while True:
            event = await count(key)
            os.write(ledger, json.dumps([event.key, event.number]).encode() + b"\n")
            await asyncio.sleep(PAUSE)

    async with connect(place.bus) as bus:
        with service.publishing(bus):
            async with asyncio.TaskGroup() as group:
                for number in range(KEYS_PER_PUBLISHER):
                    group.create_task(keep_counting(f"{name}-{number}"))


def handle(place: Place) -> None:
    """Handle events, sometimes in vain, and write down each effect in one transaction with the inbox."""
    file.WAL_SIZE = SMALL_WAL
    logging.disable()  # of failures that are made on purpose
    asyncio.run(_handle(place))


async def _handle(place: Place) -> None:
    service, engine = Service("ledger"), place.engine

    @service.handler(retry=Retry(attempts=1000, delay=0.01, max_delay=0.05, crashes=1000))
    async def note(event: Counted) -> None:
        if random.random() < 0.02:
            raise ValueError("this time it does not work")
        async with engine.begin() as transaction:
            if await first_time(transaction):
                await transaction.execute(
                    text("INSERT INTO effects (key, number) VALUES (:key, :number)"), event.model_dump()
                )

    async with connect(place.bus) as bus, service.run(bus):
        await asyncio.Event().wait()


def handle_slowly(place: Place, seconds: float) -> None:
    """Handle events until SIGTERM, each for some time, and note in the log when each begins and ends."""
    asyncio.run(_handle_slowly(place, seconds))


async def _handle_slowly(place: Place, seconds: float) -> None:
    service = Service("ledger")
    log = os.open(place.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @service.handler
    async def note(event: Counted) -> None:
        os.write(log, f"begin {event.number} {os.getpid()}\n".encode())
        await asyncio.sleep(seconds)
        os.write(log, f"end {event.number} {os.getpid()}\n".encode())

    async with connect(place.bus, concurrency=2) as bus, service.run(bus) as worker:
        os.write(log, f"ready 0 {os.getpid()}\n".encode())
        await worker.until_stopped()


def make_effects(place: Place) -> None:
    """Make the database of the handling service."""
    asyncio.run(_make_effects(place))


async def _make_effects(place: Place) -> None:
    engine = place.engine
    async with engine.begin() as transaction:
        await transaction.run_sync(tables.metadata.create_all)
        await transaction.execute(text("CREATE TABLE effects (id INTEGER PRIMARY KEY, key TEXT, number INTEGER)"))
    await engine.dispose()


def effects(place: Place) -> list[tuple[str, int]]:
    """Return all effects, in the order in which they happened."""
    with closing(sqlite3.connect(place.folder / "effects.db")) as connection:
        return connection.execute("SELECT key, number FROM effects ORDER BY id").fetchall()
