"""How long is waited for brokers that may not answer any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

_MOMENT: Final = 0.2  # seconds, for what ends by itself


class Patience:
    """Bounds what waits for brokers; when it ends, only a moment is left for each."""

    def __init__(self) -> None:
        self._limits: set[asyncio.Timeout] = set()
        self._ended = False

    def begin(self) -> None:
        """Wait as long as is said."""
        self._ended = False

    def end(self) -> None:
        """Wait no more: no broker answers."""
        self._ended = True
        now = asyncio.get_running_loop().time()
        for limit in self._limits:
            if not limit.expired():
                limit.reschedule(now)

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """Raise TimeoutError where the block takes longer than so many seconds."""
        async with asyncio.timeout(min(seconds, _MOMENT) if self._ended else seconds) as limit:
            self._limits.add(limit)
            try:
                yield
            finally:
                self._limits.discard(limit)
