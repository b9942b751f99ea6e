"""Real databases for inbox and outbox, and a service that publishes into them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from eventkit import Envelope, Event, PublishError, RefusedError, Service
from eventkit.contract.codec import from_structured
from eventkit.delivery import tables
from eventkit.delivery.database import sql_engine
from eventkit.delivery.outbox import outbox
from tests.servers.postgres import Postgres

service = Service("orders")
business = MetaData()
orders = Table("orders", business, Column("id", String, primary_key=True), Column("changes", Integer, default=0))


class OrderChangedEvent(Event, type="order.changed", key="order_id"):
    order_id: str | None
    number: int = 0


@service.publisher
async def publish_order_changed(order_id: str | None, number: int = 0) -> OrderChangedEvent:
    return OrderChangedEvent(order_id=order_id, number=number)


@dataclass(eq=False)
class Ledger:
    """A sink that writes down what it confirms, can be out of order, and can be made to wait.

    It cannot take events with the keys in `failing` now, and refuses for good those with a number in `refused`.
    """

    envelopes: list[Envelope] = field(default_factory=list)
    failing: set[str | None] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    calls: int = 0
    down: bool = False

    def __post_init__(self) -> None:
        self.open.set()

    async def publish(self, envelope: Envelope) -> None:
        async with self.arrived:
            self.calls += 1
            self.arrived.notify_all()
        await self.open.wait()
        if self.down or envelope.key in self.failing:
            raise PublishError("the bus is down")
        if self.refused and number_of(envelope) in self.refused:
            raise RefusedError("it is too large", mend="send less")
        async with self.arrived:
            self.envelopes.append(envelope)
            self.arrived.notify_all()

    async def until(self, confirmed: int) -> None:
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.envelopes) >= confirmed)

    async def until_called(self, calls: int) -> None:
        async with self.arrived:
            await self.arrived.wait_for(lambda: self.calls >= calls)

    def numbers(self, key: str | None = None) -> list[int]:
        return [number_of(each) for each in self.envelopes if key is None or each.key == key]


def number_of(envelope: Envelope) -> int:
    return OrderChangedEvent.model_validate_json(envelope.data).number


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/service.db"


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> str:
    return postgres_server.new_database()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.server)])
def url(request: pytest.FixtureRequest) -> str:
    """Each database on which inbox and outbox run."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    async with prepared(url) as engine:
        yield engine


@pytest.fixture
async def sqlite_engine(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    async with prepared(sqlite_url) as engine:
        yield engine


@pytest.fixture
async def postgres_engine(postgres_url: str) -> AsyncIterator[AsyncEngine]:
    async with prepared(postgres_url) as engine:
        yield engine


@asynccontextmanager
async def prepared(url: str) -> AsyncIterator[AsyncEngine]:
    """Make the tables, and give the engine."""
    engine = sql_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
        await connection.run_sync(business.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
def sessions(engine: AsyncEngine) -> async_sessionmaker:
    return async_sessionmaker(engine)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


async def stored(engine: AsyncEngine) -> list[int]:
    """Return the positions in the outbox."""
    position = tables.outbox.c.position
    async with engine.connect() as connection:
        return list(await connection.scalars(select(position).order_by(position)))


async def stored_events(engine: AsyncEngine) -> list[Envelope]:
    """Return the events in the outbox, in order."""
    async with engine.connect() as connection:
        events = await connection.scalars(select(tables.outbox.c.event).order_by(tables.outbox.c.position))
        return [from_structured(event.encode()) for event in events]


async def commit(sessions: async_sessionmaker, numbers: Iterable[int], key: str | None = "o-1") -> None:
    """Publish events in one transaction."""
    async with sessions.begin() as session:
        with outbox(session):
            for number in numbers:
                await publish_order_changed(key, number)


async def changes(engine: AsyncEngine) -> int | None:
    """Return how often the order "o-1" was changed; None where it is not there."""
    async with engine.connect() as connection:
        return await connection.scalar(select(orders.c.changes).where(orders.c.id == "o-1"))


async def logged(caplog: pytest.LogCaptureFixture, words: str = "") -> None:
    """Wait for a line in the log, with these words."""
    while not any(words in record.getMessage() for record in caplog.records):  # noqa: ASYNC110 - a log tells nobody
        await asyncio.sleep(0.01)
