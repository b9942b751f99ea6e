"""Waiting for a broker only for as long as it answers, when a bus starts, and when it is closed.

A start fails within five seconds where the broker is not there. That is plain where nothing takes the connection, and
it has to hold as well for one that takes connections and never speaks, stops in the middle, or has lost the part that
is needed. But what a start makes in a broker that is slow or busy may take longer, and such a broker is there. So
beside all that a start asks, the broker is asked for something small, again and again: what fails a start is silence.

Closing is the same: what is finished and given up in order takes its time, and a broker that is silent gets five
seconds. What it was not told then comes to others when the lease ends, as after a crash.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from eventkit.contract.errors import BusError

START_WITHIN: Final = 4.5
"""Seconds without any answer after which a start fails; five are promised."""
_TICK: Final = 0.5
_TICKS: Final = 7  # in which an answer is waited for; one more goes by between an answer and the next question

_left: set[asyncio.Task[None]] = set()


@asynccontextmanager
async def while_answered(ping: Callable[[], Awaitable[object]], silence: Callable[[], BusError]) -> AsyncIterator[None]:
    """Do something only for as long as the broker answers.

    Args:
        ping: Asks the broker for something small. An error is an answer, too.
        silence: Is called where there was no answer to that for three and a half seconds, so that the start fails
            within `START_WITHIN` of the last sign of the broker; returns what to raise. The block is cancelled after
            that, so that it can end what would hold up the block's end.
    """
    limit = asyncio.timeout(None)
    watch = asyncio.create_task(_watch(ping, silence, limit))
    try:
        async with limit:
            try:
                yield
            finally:
                watch.cancel()
                await asyncio.wait({watch})
    except TimeoutError:
        if limit.expired():
            raise watch.result() from None
        raise


async def close_in_order(
    closing: Coroutine[Any, Any, None], ping: Callable[[], Awaitable[object]], give_up: Callable[[], object]
) -> None:
    """Close what belongs to a bus, in order for as long as the broker answers.

    Args:
        closing: Does it; it is not cancelled.
        ping: As for `while_answered`.
        give_up: Is called where there was no answer to that: `closing` is to ask for no more, and to come to its end.
    """

    def silence() -> BusError:
        give_up()
        return BusError("the broker does not answer")

    task = asyncio.create_task(closing)
    _left.add(task)  # also where the caller is cancelled
    task.add_done_callback(_left.discard)
    with suppress(BusError):
        async with while_answered(ping, silence):
            await asyncio.wait({task})
    await task


async def _watch(
    ping: Callable[[], Awaitable[object]], silence: Callable[[], BusError], limit: asyncio.Timeout
) -> BusError:
    while True:
        await asyncio.sleep(_TICK)  # nearly all is done by then, and nothing needs to be asked
        asked = asyncio.create_task(_ask(ping))
        _left.add(asked)
        asked.add_done_callback(_left.discard)
        try:
            # Many ticks instead of one: an event loop that was blocked for long must not take the broker for silent.
            for _ in range(_TICKS):
                await asyncio.wait({asked}, timeout=_TICK)
                if asked.done():
                    break
            else:
                error = silence()
                limit.reschedule(asyncio.get_running_loop().time())
                return error
        finally:
            asked.cancel()  # it is not waited for: to clean up, it may have to ask the broker


async def _ask(ping: Callable[[], Awaitable[object]]) -> None:
    with suppress(Exception):  # whatever it says, it says something
        await ping()
