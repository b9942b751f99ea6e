"""A real database for inbox and outbox, and a service that publishes into it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from eventkit import Envelope, Event, PublishError, Service
from eventkit.delivery import tables
from eventkit.delivery.database import sql_engine
from eventkit.delivery.outbox_rows import OutboxRows

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
    """A sink that writes down what it confirms, can be out of order, and can be made to wait."""

    envelopes: list[Envelope] = field(default_factory=list)
    refused: set[str | None] = field(default_factory=set)
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
        if self.down or envelope.key in self.refused:
            raise PublishError("the bus is down")
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
        events = [OrderChangedEvent.model_validate_json(each.data) for each in self.envelopes]
        return [event.number for event in events if key is None or event.order_id == key]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/service.db"


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
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
    return [row.position for row in await OutboxRows(engine, lease=1).read(after=0, limit=1000)]


async def changes(engine: AsyncEngine) -> int | None:
    """Return how often the order "o-1" was changed; None where it is not there."""
    async with engine.connect() as connection:
        return await connection.scalar(select(orders.c.changes).where(orders.c.id == "o-1"))
