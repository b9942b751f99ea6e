"""product_service with its own database in a file, the neighbours in this process, and a clock that the test sets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from neighbours.app import create_app
from product_service import service
from product_service.clients import AccountClient, OrganizationClient
from product_service.events import handlers  # noqa: F401 - registers them
from product_service.models import Subscription, SubscriptionRequest
from product_service.product_service import ProductService
from product_service.repository import ProductRepository
from sqlalchemy.ext.asyncio import AsyncEngine

from eventkit import Envelope, Event
from eventkit.delivery.database import sql_engine
from eventkit.delivery.relay import OutboxRelay
from eventkit.testing import handling
from eventkit.testing.recorder import Recorded


@dataclass
class Clock:
    """Tells the time that it was set to."""

    now: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, time: timedelta) -> None:
        self.now += time


@dataclass
class System:
    """What a test works with."""

    products: ProductService
    engine: AsyncEngine
    clock: Clock

    async def subscribe(self, user_id: str = "ada", plan_id: str = "basic-monthly", **fields: object) -> Subscription:
        """Subscribe a customer to a plan; nothing is paid yet."""
        request = {"user_id": user_id, "plan_id": plan_id, **fields}
        return await self.products.subscribe(SubscriptionRequest.model_validate(request))

    async def deliver(self, event: Event, *, times: int = 1) -> None:
        """Hand one event to its handler, as often as a bus may do."""
        envelope = Envelope.of(event, source="somebody")
        handler = service.readers()[event.event_type()].handler
        for _ in range(times):
            with handling(envelope, service.name):
                await handler.function(event, self.products)

    async def published(self) -> Recorded:
        """Return what was published since the last call: what the outbox holds."""
        recorded = Recorded()
        async with OutboxRelay(self.engine, recorded).running():
            pass
        return recorded


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    engine = sql_engine(f"sqlite:///{tmp_path}/product_service.db")
    repository = ProductRepository(engine)
    await repository.create_tables()
    clock = Clock()
    around = httpx2.ASGITransport(create_app(Recorded()))
    async with (
        AccountClient("http://test/account", transport=around) as accounts,
        OrganizationClient("http://test/organization", transport=around) as organizations,
    ):
        products = ProductService(repository, accounts=accounts, organizations=organizations, clock=clock)
        yield System(products, engine, clock)
    await engine.dispose()
