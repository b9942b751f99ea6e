"""Effect, inbox and outbox in PostgreSQL, events on NATS: one effect and one event each, whatever is killed."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from eventkit import Envelope, EventkitError, connect
from eventkit.bus.protocol import Bus
from eventkit.delivery import tables
from eventkit.delivery.database import sql_engine
from tests.e2e.purchases import ATTEMPTS, CONCURRENCY, PurchaseConfirmedEvent, PurchaseMadeEvent, effects, metadata
from tests.faults.ledger import CONFIRMED, ENDED, Judge, Ledger
from tests.servers.fixtures import required
from tests.servers.nats import Nats
from tests.servers.postgres import Postgres

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(240)]

KEYS = 8
EVENTS = 40  # of each key
END = PurchaseConfirmedEvent(key="end", number=0)


class Scene:
    """Two processes of the service, a database, a bus, and what became of the purchases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.nats = Nats(folder / "nats")
        self.postgres = Postgres(folder / "postgres")
        self.ledger = Ledger(folder / "ledger")
        self.services: list[subprocess.Popen[bytes]] = []

    async def __aenter__(self) -> Self:
        self.begun = datetime.now(UTC)
        self.nats.start()
        self.postgres.start()
        self.engine: AsyncEngine = sql_engine(self.postgres.url, pool_pre_ping=True)
        async with self.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
            await connection.run_sync(tables.metadata.create_all)
        for _ in range(2):
            self.start_service()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.dispose()
        for service in self.services:
            service.kill()
            service.wait()
        self.postgres.stop()
        self.nats.stop()

    def start_service(self) -> None:
        arguments = [self.nats.url, self.postgres.url, str(self.ledger.path)]
        self.services.append(subprocess.Popen([sys.executable, "-m", "tests.e2e.purchases", *arguments]))

    def kill_service(self, rng: random.Random) -> None:
        service = self.services.pop(rng.randrange(len(self.services)))
        service.kill()
        service.wait()

    async def count(self, table: Any) -> int:
        """Return how many rows there are; asked again while the database is not there."""
        while True:
            try:
                async with self.engine.connect() as connection:
                    return int(await connection.scalar(select(func.count()).select_from(table)) or 0)
            except (DBAPIError, OSError):
                await asyncio.sleep(0.05)

    async def until_effects(self, number: int) -> None:
        while await self.count(effects) < number:  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.005)

    async def purchase(self) -> None:
        """Make the purchases of all keys, side by side, each again until the bus has confirmed it."""

        async def one(bus: Bus, key: str) -> None:
            for number in range(EVENTS):
                envelope = Envelope.of(PurchaseMadeEvent(key=key, number=number), source="shop")
                await insist(bus, envelope)
                self.ledger.write(CONFIRMED, key, number)

        async with connect(self.nats.url) as bus:
            await asyncio.gather(*[one(bus, f"key-{number}") for number in range(KEYS)])

    async def confirmations(self) -> AsyncIterator[Envelope]:
        """Yield what came out of the outbox."""
        async with connect(self.nats.url) as bus:
            await insist(bus, Envelope.of(END, source="test"))
            async with aclosing(bus.follow(["purchase.confirmed"], since=self.begun)) as events:
                async for event in events:
                    assert isinstance(event, Envelope)
                    if event.key == END.key:
                        return
                    yield event

    async def ends_well(self) -> None:
        """Wait for the end, and hold against it what was promised."""
        await self.until_effects(KEYS * EVENTS)
        while await self.count(tables.outbox):  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.02)
        async with self.engine.connect() as connection:
            rows = await connection.execute(select(effects.c.key, effects.c.number).order_by(effects.c.id))
            had = [(row.key, row.number) for row in rows]
        in_order = {f"key-{number}": list(range(EVENTS)) for number in range(KEYS)}
        assert by_key(had) == in_order  # one effect each, in the order of the purchases

        came: dict[str, tuple[str, int]] = {}
        async for envelope in self.confirmations():
            event = PurchaseConfirmedEvent.model_validate_json(envelope.data)
            came.setdefault(envelope.id, (event.key, event.number))
        assert by_key(list(came.values())) == in_order  # one event each, too, in that order

        counts: dict[tuple[str, int], int] = defaultdict(int)
        for event in had:
            counts[event] += 1
        async with asyncio.timeout(10):  # a handler goes on for a moment after its effect, and so may the last one
            while {(line.key, line.number) for line in self.ledger.read() if line.what == ENDED} != counts.keys():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        judge = Judge(CONCURRENCY, ATTEMPTS)
        judge.hear(self.ledger.read())
        assert judge.findings(set(), counts).broken == {}


async def insist(bus: Bus, envelope: Envelope) -> None:
    while True:
        try:
            await bus.publish(envelope)
            return
        except EventkitError:
            await asyncio.sleep(0.05)


def by_key(events: list[tuple[str, int]]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for key, number in events:
        numbers[key].append(number)
    return numbers


@pytest.fixture
def rng() -> random.Random:
    return random.Random(20261127)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    required(Nats)
    required(Postgres)
    async with Scene(tmp_path) as scene:
        yield scene


async def test_processes_that_are_killed(scene: Scene, rng: random.Random) -> None:
    purchases = asyncio.create_task(scene.purchase())
    for kill in range(1, 7):
        await scene.until_effects(kill * 40 + rng.randrange(40))
        scene.kill_service(rng)
        scene.start_service()
    await purchases
    await scene.ends_well()


@pytest.mark.parametrize("victim", ["postgres", "nats"])
async def test_a_server_that_is_killed_and_comes_back(scene: Scene, rng: random.Random, victim: str) -> None:
    purchases = asyncio.create_task(scene.purchase())
    server = {"postgres": scene.postgres, "nats": scene.nats}[victim]
    for kill in range(1, 4):
        await scene.until_effects(kill * 60 + rng.randrange(60))
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
    await purchases
    await scene.ends_well()
