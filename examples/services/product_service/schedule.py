"""Work that comes round: what the passing of time asks of a service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

log = logging.getLogger(__name__)


@asynccontextmanager
async def every(seconds: float, work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Do `work` again and again while the block runs. What fails is logged, and done again when its time comes.

    Args:
        seconds: The pause after each round.
        work: What is to be done.
    """
    task = asyncio.create_task(_repeat(seconds, work))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _repeat(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:  # whatever it is, the next round comes
            log.exception("a round of %s failed", getattr(work, "__qualname__", work))
        await asyncio.sleep(seconds)
