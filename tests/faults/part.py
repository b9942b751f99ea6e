"""What the processes of a campaign do, and what they do it with."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import sys
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import event, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from eventkit import Event, Retry
from eventkit.delivery import tables
from eventkit.delivery.database import sql_engine
from tests.faults.ledger import Ledger

GROUP = "fault_ledger"
RELAY_LEASE = 3.0
RETRY = Retry(attempts=4, delay=0.05, max_delay=0.2, crashes=1000)


class Happened(Event, type="fault.happened", key="key"):
    key: str
    number: int


@dataclass(frozen=True)
class Part:
    """What an actor does.

    Args:
        url: The bus.
        folder: Where the ledger and the databases of effects are.
        keys: How many keys the publisher has; each is published one after the other.
        count: How many events of each key; none means until it is asked to stop.
        pause: Seconds between two events of a key.
        twice: Publish each event twice, as after a reply that was lost.
        concurrency: How many handlers may run at once.
        work: Seconds that a handler takes.
        poison: Each event whose number this divides fails always; 0 means none.
        flaky: Each event whose number this divides fails when it is called for the first time in a process.
        slow: Each event whose number this divides takes so many seconds: number, seconds.
        block: Each event whose number this divides blocks the event loop: number, seconds.
        cancel: Each event whose number this divides fails when it is called for the first time in a process, because
            its handler cancels what it waits for, or itself.
        grace: Seconds that handlers get to finish.
        inbox: Each event has its effect in a database, once; else handlers only note them.
        database: Where the publisher's outbox is; empty where it publishes to the bus.
    """

    url: str
    folder: str
    keys: int = 16
    count: int | None = None
    pause: float = 0.05
    twice: bool = False
    concurrency: int = 16
    work: float = 0.002
    poison: int = 0
    flaky: int = 0
    slow: tuple[int, float] = (0, 0.0)
    block: tuple[int, float] = (0, 0.0)
    cancel: int = 0
    grace: float = 10.0
    inbox: bool = True
    database: str = ""

    @property
    def ledger(self) -> Ledger:
        """Where it writes down what it sees."""
        return Ledger(Path(self.folder) / "ledger")

    @property
    def effects(self) -> dict[str, Path]:
        """The database of each key in which its events have their effect; none where they have none.

        One for all would have processes wait for each other, and for one that blocks in the middle of a transaction.
        """
        keys = range(self.keys if self.inbox else 0)
        return {f"key-{number}": Path(self.folder) / f"effects-{number}.db" for number in keys}

    @property
    def hold(self) -> Path:
        """As long as this file is there, nothing is published."""
        return Path(self.folder) / "hold"

    def command(self, role: str) -> list[str]:
        """Return the command that plays the part."""
        return [sys.executable, "-m", "tests.faults.actors", role, json.dumps(asdict(self))]


def engine_of(url: str) -> AsyncEngine:
    """Return a database. It need not survive the machine, only processes."""
    if url.startswith("postgresql"):
        return sql_engine(url, pool_pre_ping=True)
    # One connection: SQLite does not let those who wait for its lock take turns, and of many some starve.
    engine = sql_engine(url, pool_size=1, max_overflow=0)
    event.listen(engine.sync_engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return engine


async def prepare(part: Part) -> None:
    """Make the databases of effects and of the outbox."""
    create = "CREATE TABLE effects (key TEXT, number INTEGER)"
    statements = {f"sqlite:///{path}": create for path in part.effects.values()}
    if part.database:
        statements[part.database] = "CREATE TABLE orders (key TEXT, number INTEGER, PRIMARY KEY (key, number))"
    for url, statement in statements.items():
        engine = engine_of(url)
        async with engine.begin() as connection:
            await connection.run_sync(tables.metadata.create_all)
            await connection.execute(text(statement))
        await engine.dispose()


async def left_in_outbox(part: Part) -> int:
    """Return how many events are in the outbox, or were refused and set aside."""
    engine = engine_of(part.database)
    async with engine.connect() as connection:
        counts = [
            await connection.scalar(select(func.count()).select_from(table))
            for table in (tables.outbox, tables.outbox_refused)
        ]
    await engine.dispose()
    return sum(count or 0 for count in counts)


def effects_of(part: Part) -> dict[tuple[str, int], int]:
    """Return how many effects each event had."""
    found: dict[tuple[str, int], int] = {}
    for path in part.effects.values():
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT key, number, count(*) FROM effects GROUP BY key, number").fetchall()
        found |= {(key, number): count for key, number, count in rows}
    return found


def asked_to_stop() -> asyncio.Event:
    """Return what SIGTERM sets."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    return stop
