"""payment_service with its own database in a file, the neighbours in this process, and a clock that the test sets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from neighbours.app import create_app
from neighbours.world import World
from payment_service import service
from payment_service.clients import AccountClient, BillingClient, ProductClient, WalletClient
from payment_service.events import handlers  # noqa: F401 - registers them
from payment_service.events.models import OrderCreatedEvent
from payment_service.gateway import Charged, Declined, DeterministicGateway, LedgerEntry
from payment_service.models import PaymentIntent
from payment_service.payment_service import PaymentService
from payment_service.repository import PaymentRepository
from product_service.api import PlanView
from product_service.models import PLANS
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
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


class ProcessDiedError(BaseException):
    """The process ended here; not an Exception, so that nothing tidies up after it."""


@dataclass
class FragileGateway:
    """The deterministic gateway, in a process that dies right after the money moved."""

    gateway: DeterministicGateway
    dying: bool = False

    async def charge(self, intent: PaymentIntent) -> Charged | Declined:
        outcome = await self.gateway.charge(intent)
        if self.dying:
            raise ProcessDiedError
        return outcome

    async def refund(self, intent: PaymentIntent) -> str:
        refund_id = await self.gateway.refund(intent)
        if self.dying:
            raise ProcessDiedError
        return refund_id


@dataclass
class System:
    """What a test works with."""

    payments: PaymentService
    engine: AsyncEngine
    clock: Clock
    gateway: FragileGateway
    neighbours: Recorded
    world: World
    delivered: dict[int, tuple[Event, Envelope]] = field(default_factory=dict)

    def order(self, amount: str = "20.00", order_id: str = "ord_1", **fields: object) -> OrderCreatedEvent:
        """Return the event of an order that waits for its payment."""
        return OrderCreatedEvent.model_validate(
            {
                "order_id": order_id,
                "user_id": "ada",
                "total_amount": amount,
                "currency": "USD",
                "items": [{"product_id": "book"}],
                **fields,
            }
        )

    async def deliver(self, event: Event, *, times: int = 1) -> None:
        """Hand one event to its handler, as often as a bus may do; the same object is the same event again."""
        _, envelope = self.delivered.setdefault(id(event), (event, Envelope.of(event, source="somebody")))
        handler = service.readers()[event.event_type()].handler
        for _ in range(times):
            with handling(envelope, service.name):
                await handler.function(event, self.payments)

    async def published(self) -> Recorded:
        """Return what was published since the last call: what the outbox holds."""
        recorded = Recorded()
        async with OutboxRelay(self.engine, recorded).running():
            pass
        return recorded

    async def ledger(self) -> list[str]:
        """Return what the gateway has done so far."""
        async with AsyncSession(self.engine) as session:
            return sorted((await session.scalars(select(LedgerEntry.kind))).all())


async def _get_plan(request: Request) -> Response:
    """product_service, as far as payment_service asks it."""
    plan = PLANS.get(request.path_params["plan_id"])
    if plan is None:
        raise HTTPException(404)
    view = PlanView(**plan.model_dump(), period_days=plan.billing_cycle.length.days)
    return Response(view.model_dump_json(), media_type="application/json")


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    engine = sql_engine(f"sqlite:///{tmp_path}/payment_service.db")
    repository = PaymentRepository(engine)
    await repository.create_tables()
    clock, neighbours, world = Clock(), Recorded(), World()
    gateway = FragileGateway(DeterministicGateway(engine))
    around = httpx2.ASGITransport(create_app(neighbours, world))
    products = httpx2.ASGITransport(Starlette(routes=[Route("/plans/{plan_id}", _get_plan)]))
    async with AsyncExitStack() as stack:
        payments = PaymentService(
            repository,
            gateway,
            accounts=await stack.enter_async_context(AccountClient("http://test/account", transport=around)),
            wallets=await stack.enter_async_context(WalletClient("http://test/wallet", transport=around)),
            billing=await stack.enter_async_context(BillingClient("http://test/billing", transport=around)),
            products=await stack.enter_async_context(ProductClient("http://products", transport=products)),
            clock=clock,
        )
        yield System(payments, engine, clock, gateway, neighbours, world)
    await engine.dispose()
