"""The processes of a campaign: one that publishes, and those that handle.

python -m tests.faults.actors publish '{"url": ..., "folder": ..., ...}'
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sqlite3
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine

from eventkit import Event, Retry, Service, connect
from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, EventkitError
from eventkit.delivery import tables
from eventkit.delivery.database import sql_engine
from eventkit.delivery.inbox import first_time
from tests.faults.ledger import BEGUN, CONFIRMED, ENDED, FAILED, REFUSED, Ledger

GROUP = "fault_ledger"
ATTEMPTS = 4

logger = logging.getLogger("faults")


class Happened(Event, type="fault.happened", key="key"):
    key: str
    number: int


@dataclass(frozen=True)
class Part:
    """What an actor does.

    Args:
        url: The bus.
        folder: Where the ledger and the database of effects are.
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
        grace: Seconds that handlers get to finish.
        inbox: Each event has its effect in a database, once; else handlers only note them.
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
    grace: float = 10.0
    inbox: bool = True

    @property
    def ledger(self) -> Ledger:
        """Where it writes down what it sees."""
        return Ledger(Path(self.folder) / "ledger")

    @property
    def effects(self) -> Path:
        """The database in which events have their effect."""
        return Path(self.folder) / "effects.db"

    @property
    def hold(self) -> Path:
        """As long as this file is there, nothing is published."""
        return Path(self.folder) / "hold"

    def command(self, role: str) -> list[str]:
        """Return the command that plays the part."""
        return [sys.executable, "-m", "tests.faults.actors", role, json.dumps(asdict(self))]


def engine_of(part: Part) -> AsyncEngine:
    """Return the database of effects. It need not survive the machine, only processes."""
    engine = sql_engine(f"sqlite:///{part.effects}")
    event.listen(engine.sync_engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return engine


async def prepare(part: Part) -> None:
    """Make the database of effects."""
    engine = engine_of(part)
    async with engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
        await connection.execute(text("CREATE TABLE IF NOT EXISTS effects (key TEXT, number INTEGER)"))
    await engine.dispose()


def effects_of(part: Part) -> dict[tuple[str, int], int]:
    """Return how many effects each event had."""
    connection = sqlite3.connect(part.effects)
    try:
        rows = connection.execute("SELECT key, number, count(*) FROM effects GROUP BY key, number").fetchall()
    finally:
        connection.close()
    return {(key, number): count for key, number, count in rows}


async def publish(part: Part) -> None:
    """Publish the events of all keys, and note each whose publishing returned."""
    ledger, stop = part.ledger, asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def until_it_is_there(bus: Bus, envelope: Envelope, happened: Happened) -> None:
        """Publish one event; again, with the same id, where the bus did not confirm it."""
        while True:
            try:
                await bus.publish(envelope)
            except EventkitError:
                ledger.write(REFUSED, happened.key, happened.number)
                await asyncio.sleep(0.05)
            else:
                return

    async def one_key(bus: Bus, key: str) -> None:
        number = 0
        while not stop.is_set() and (part.count is None or number < part.count):
            happened = Happened(key=key, number=number)
            envelope = Envelope.of(happened, source="fault_campaign")
            for _ in range(2 if part.twice else 1):
                await until_it_is_there(bus, envelope, happened)
            ledger.write(CONFIRMED, key, number)
            number += 1
            while part.hold.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.05)
            if part.pause:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), part.pause)

    async with connect(part.url, wait=60.0) as bus, asyncio.TaskGroup() as keys:
        for number in range(part.keys):
            keys.create_task(one_key(bus, f"key-{number}"))


async def handle(part: Part) -> None:
    """Handle events until the process is asked to end, or is killed."""
    service, ledger, engine = Service(GROUP), part.ledger, engine_of(part)
    seen: set[tuple[str, int]] = set()

    def is_due(every: int, number: int) -> bool:
        return every > 0 and number % every == every - 1

    @service.handler(retry=Retry(attempts=ATTEMPTS, delay=0.05, max_delay=0.2, crashes=1000))
    async def note(happened: Happened) -> None:
        ledger.write(BEGUN, happened.key, happened.number)
        try:
            await work(happened)
        except BaseException:
            ledger.write(FAILED, happened.key, happened.number)
            raise
        ledger.write(ENDED, happened.key, happened.number)

    async def work(happened: Happened) -> None:
        first = (happened.key, happened.number) not in seen
        if is_due(part.poison, happened.number):
            raise ValueError("this never works")
        if first and is_due(part.flaky, happened.number):
            seen.add((happened.key, happened.number))
            raise ValueError("this time it does not work")
        if first and is_due(part.block[0], happened.number):
            seen.add((happened.key, happened.number))
            time.sleep(part.block[1])  # noqa: ASYNC251 - the fault
        await asyncio.sleep(part.slow[1] if is_due(part.slow[0], happened.number) else part.work)
        if not part.inbox:
            return
        async with engine.begin() as transaction:
            if await first_time(transaction):
                await transaction.execute(text("INSERT INTO effects VALUES (:key, :number)"), happened.model_dump())

    while True:
        try:
            async with (
                connect(part.url, concurrency=part.concurrency, grace=part.grace, wait=60.0) as bus,
                service.run(bus) as worker,
            ):
                await worker.until_stopped()
            return
        except BusError as error:
            logger.warning("starting again: %s", error)
            await asyncio.sleep(0.1)


def end_with_the_campaign() -> None:
    """End this process as soon as the campaign has ended, however that came: it holds the other end of stdin."""

    def wait() -> None:
        os.read(sys.stdin.fileno(), 1)  # not by `sys.stdin`: a process cannot end while a thread waits there
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    end_with_the_campaign()
    logging.basicConfig(level=logging.WARNING, format="%(process)d %(asctime)s %(levelname)s %(name)s: %(message)s")
    role, arguments = sys.argv[1:]
    values = json.loads(arguments)
    part = Part(**{**values, "slow": tuple(values["slow"]), "block": tuple(values["block"])})
    asyncio.run({"publish": publish, "handle": handle}[role](part))
