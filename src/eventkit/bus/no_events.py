"""What a service without handlers gets from its bus."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from eventkit.delivery.subscription import Delivery, Outcome


class NoEvents:
    """A subscription that never receives anything, and of which no broker knows.

    A group that handles nothing would be kept by the broker for ever, and be counted among those that have to catch up.
    """

    lease = 60.0

    def __init__(self) -> None:
        self._closed = asyncio.Event()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed.is_set()

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """Wait until it is closed."""
        await self._closed.wait()
        return ()

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Do nothing: there was no delivery."""

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """Do nothing: there was no delivery."""

    async def close(self) -> None:
        """End the wait."""
        self._closed.set()
