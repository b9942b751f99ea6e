"""order_service with its own database in a file, the neighbours in this process, and a clock that the test sets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from neighbours.app import create_app
from order_service import service
from order_service.clients import (
    AccountClient,
    BillingClient,
    NotificationClient,
    PaymentClient,
    StorageClient,
    WalletClient,
)
from order_service.events import handlers  # noqa: F401 - registers them
from order_service.models import Order, OrderRequest
from order_service.order_service import OrderService
from order_service.repository import OrderRepository
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

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
class Payments:
    """payment_service, as far as order_service asks it: remembers which refunds were asked for."""

    refunds: list[str] = field(default_factory=list)
    down: bool = False

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/payments/{payment_intent_id}/refund", self._refund, methods=["POST"])])

    async def _refund(self, request: Request) -> Response:
        if self.down:
            return Response(status_code=503)
        self.refunds.append(request.path_params["payment_intent_id"])
        return JSONResponse({"payment_intent_id": request.path_params["payment_intent_id"], "status": "refunded"})


@dataclass
class System:
    """What a test works with."""

    orders: OrderService
    engine: AsyncEngine
    clock: Clock
    payments: Payments
    neighbours: Recorded

    async def place(self, amount: str = "20.00", user_id: str = "ada", **fields: object) -> Order:
        """Place an order for one thing."""
        request = {"user_id": user_id, "items": [{"product_id": "book", "unit_price": amount}], **fields}
        return await self.orders.place_order(OrderRequest.model_validate(request))

    async def deliver(self, event: Event, *, times: int = 1) -> None:
        """Hand one event to its handler, as often as a bus may do."""
        envelope = Envelope.of(event, source="somebody")
        handler = service.readers()[event.event_type()].handler
        for _ in range(times):
            with handling(envelope, service.name):
                await handler.function(event, self.orders)

    async def published(self) -> Recorded:
        """Return what was published since the last call: what the outbox holds."""
        recorded = Recorded()
        async with OutboxRelay(self.engine, recorded).running():
            pass
        return recorded


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    engine = sql_engine(f"sqlite:///{tmp_path}/order_service.db")
    repository = OrderRepository(engine)
    await repository.create_tables()
    clock, payments, neighbours = Clock(), Payments(), Recorded()
    around = httpx2.ASGITransport(create_app(neighbours))
    async with AsyncExitStack() as stack:
        orders = OrderService(
            repository,
            accounts=await stack.enter_async_context(AccountClient("http://test/account", transport=around)),
            wallets=await stack.enter_async_context(WalletClient("http://test/wallet", transport=around)),
            billing=await stack.enter_async_context(BillingClient("http://test/billing", transport=around)),
            storage=await stack.enter_async_context(StorageClient("http://test/storage", transport=around)),
            notifications=await stack.enter_async_context(
                NotificationClient("http://test/notification", transport=around)
            ),
            payments=await stack.enter_async_context(
                PaymentClient("http://payments", transport=httpx2.ASGITransport(payments.app))
            ),
            clock=clock,
        )
        yield System(orders, engine, clock, payments, neighbours)
    await engine.dispose()
