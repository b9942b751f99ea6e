"""The ASGI application: `uvicorn order_service.main:app`. Here, and only here, the parts are put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette

from eventkit import Bus, connect
from eventkit.delivery.database import sql_engine
from eventkit.delivery.relay import OutboxRelay
from order_service.api import ERRORS, ROUTES
from order_service.clients import (
    AccountClient,
    BillingClient,
    NotificationClient,
    PaymentClient,
    StorageClient,
    WalletClient,
)
from order_service.events.handlers import register_event_handlers
from order_service.order_service import OrderService, PaymentTerms
from order_service.repository import OrderRepository
from order_service.schedule import every
from order_service.settings import Settings


@asynccontextmanager
async def running(settings: Settings, bus: Bus | None = None) -> AsyncIterator[dict[str, Any]]:
    """Run order_service while the block runs; yields what the HTTP side needs of it."""
    engine = sql_engine(settings.database_url)
    try:
        async with (
            connect(settings.bus_url) if bus is None else nullcontext(bus) as bus,
            AccountClient(settings.account_url) as accounts,
            WalletClient(settings.wallet_url) as wallets,
            BillingClient(settings.billing_url) as billing,
            PaymentClient(settings.payment_url) as payments,
            StorageClient(settings.storage_url) as storage,
            NotificationClient(settings.notification_url) as notifications,
        ):
            repository = OrderRepository(engine)
            await repository.create_tables()
            orders = OrderService(
                repository,
                accounts=accounts,
                wallets=wallets,
                billing=billing,
                payments=payments,
                storage=storage,
                notifications=notifications,
                terms=PaymentTerms(
                    remind_after=timedelta(seconds=settings.remind_after),
                    expire_after=timedelta(seconds=settings.expire_after),
                ),
            )
            async with (
                OutboxRelay(engine, bus).running(),
                register_event_handlers(bus, orders) as worker,
                every(settings.follow_up_every, orders.follow_up),
            ):
                yield {"orders": orders, "worker": worker}
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
