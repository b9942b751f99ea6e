"""The ASGI application: `uvicorn payment_service.main:app`. Here, and only here, the parts are put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from starlette.applications import Starlette

from eventkit import Bus, connect
from eventkit.delivery.database import sql_engine
from eventkit.delivery.relay import OutboxRelay
from payment_service.api import ERRORS, ROUTES
from payment_service.clients import AccountClient, BillingClient, ProductClient, WalletClient
from payment_service.events.handlers import register_event_handlers
from payment_service.gateway import DeterministicGateway
from payment_service.payment_service import PaymentService
from payment_service.repository import PaymentRepository
from payment_service.schedule import every
from payment_service.settings import Settings


@asynccontextmanager
async def running(settings: Settings, bus: Bus | None = None) -> AsyncIterator[dict[str, Any]]:
    """Run payment_service while the block runs; yields what the HTTP side needs of it."""
    engine = sql_engine(settings.database_url)
    try:
        async with (
            connect(settings.bus_url) if bus is None else nullcontext(bus) as bus,
            AccountClient(settings.account_url) as accounts,
            WalletClient(settings.wallet_url) as wallets,
            BillingClient(settings.billing_url) as billing,
            ProductClient(settings.product_url) as products,
        ):
            repository = PaymentRepository(engine)
            await repository.create_tables()
            payments = PaymentService(
                repository,
                DeterministicGateway(engine),  # a real one goes here
                accounts=accounts,
                wallets=wallets,
                billing=billing,
                products=products,
            )
            async with (
                OutboxRelay(engine, bus).running(),
                register_event_handlers(bus, payments) as worker,
                every(settings.expire_every, payments.expire_subscriptions),
            ):
                yield {"payments": payments, "worker": worker}
    finally:
        await engine.dispose()


def create_app(settings: Settings, bus: Bus | None = None) -> Starlette:
    """Return the application; it runs the service while it is being served.

    Args:
        settings: The settings.
        bus: An open bus that it shares with others in this process; one of its own by default.
    """
    return Starlette(routes=ROUTES, exception_handlers=ERRORS, lifespan=lambda _: running(settings, bus))


app = create_app(Settings.from_environment())
