"""The ASGI application: `uvicorn product_service.main:app`. Here, and only here, the parts are put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from starlette.applications import Starlette

from eventkit import Bus, connect
from eventkit.delivery.database import sql_engine
from eventkit.delivery.relay import OutboxRelay
from product_service.api import ERRORS, ROUTES
from product_service.clients import AccountClient, OrganizationClient
from product_service.events.handlers import register_event_handlers
from product_service.product_service import ProductService
from product_service.repository import ProductRepository
from product_service.schedule import every
from product_service.settings import Settings


@asynccontextmanager
async def running(settings: Settings, bus: Bus | None = None) -> AsyncIterator[dict[str, Any]]:
    """Run product_service while the block runs; yields what the HTTP side needs of it."""
    engine = sql_engine(settings.database_url)
    try:
        async with (
            connect(settings.bus_url) if bus is None else nullcontext(bus) as bus,
            AccountClient(settings.account_url) as accounts,
            OrganizationClient(settings.organization_url) as organizations,
        ):
            repository = ProductRepository(engine)
            await repository.create_tables()
            products = ProductService(repository, accounts=accounts, organizations=organizations)
            async with (
                OutboxRelay(engine, bus).running(),
                register_event_handlers(bus, products) as worker,
                every(settings.expire_every, products.expire_subscriptions),
            ):
                yield {"products": products, "worker": worker}
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
