"""The ASGI application: `uvicorn neighbours.main:app`, with the bus in `NEIGHBOURS_BUS_URL`."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from eventkit import connect
from neighbours.app import create_app

bus = connect(os.environ.get("NEIGHBOURS_BUS_URL", "sqlite:///events.db"))


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    """Keep the bus open while the application is served."""
    async with bus:
        yield


app = create_app(bus, lifespan=lifespan)
