"""Doing what works in the end, as a worker does it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from eventkit import BusError
from eventkit.delivery.subscription import Done, Subscription
from eventkit.testing.conformance.support import PATIENCE, name_of, take

T = TypeVar("T")


async def outlasting(act: Callable[[], Awaitable[T]]) -> T:
    """Return what `act` returns; where it raises BusError, call it again."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await act()
            except BusError:
                await asyncio.sleep(0.05)


async def handle_at_last(subscription: Subscription, count: int) -> list[str]:
    """Handle as many events one after the other, however often that fails; return their names."""
    names = []
    for _ in range(count):
        [delivery] = await outlasting(partial(take, subscription, 1))
        await outlasting(partial(subscription.settle, [Done(delivery)]))
        names.append(name_of(delivery))
    return names
