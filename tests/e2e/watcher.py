"""A bus, watched from outside of the services: what was published, what waits, what was given up."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Any, Final, Self, TypeVar

from eventkit import Bus, Envelope
from eventkit.bus.protocol import DeadLetter
from eventkit.contract.envelope import new_id

T = TypeVar("T")

DOMAINS: Final = ("invoice", "order", "payment", "product", "subscription", "user", "wallet")
PATIENCE: Final = 30.0  # seconds


class Loop:
    """An event loop in a thread of its own; use it with `with`."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def do(self, what: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(4 * PATIENCE)

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class Watcher:
    """Follows a bus; use it with `with`, before anything is published.

    Args:
        loop: Where the bus lives.
        bus: The bus.
        shared: It was opened, and will be closed, by somebody else.
    """

    def __init__(self, loop: Loop, bus: Bus, *, shared: bool = False) -> None:
        self._loop = loop
        self._bus = bus
        self._shared = shared
        self._seen: dict[str, Envelope] = {}

    def __enter__(self) -> Self:
        self._loop.do(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.do(self._close())

    def events(self, type_name: str) -> list[dict[str, object]]:
        """Return what the different events of a type say that were published so far; it takes a while to be sure."""
        self._loop.do(self._catch_up(type_name.partition(".")[0]))
        return [json.loads(each.data) for each in self._seen.values() if each.type == type_name]

    def unhandled(self) -> int:
        """Return how many events are not handled yet."""
        lags = self._loop.do(self._bus.lag())
        return sum(lag.waiting + (lag.out or 0) + (lag.retrying or 0) for lag in lags)

    def dead_letters(self) -> list[DeadLetter]:
        """Return what was given up."""
        return list(self._loop.do(self._bus.dead_letters.list()))

    async def _open(self) -> None:
        if not self._shared:
            await self._bus.open()
        self._following = asyncio.create_task(self._follow())
        for domain in DOMAINS:
            await self._catch_up(domain)

    async def _close(self) -> None:
        self._following.cancel()
        await asyncio.gather(self._following, return_exceptions=True)
        if not self._shared:
            await self._bus.close()

    async def _follow(self) -> None:
        async with aclosing(self._bus.follow()) as events:
            async for event in events:
                assert isinstance(event, Envelope), event
                self._seen[event.id] = event

    async def _catch_up(self, domain: str) -> None:
        """Wait until all of a domain has come that was published so far: an event comes that is published now."""
        marks: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while not self._seen.keys() & set(marks):
                assert not self._following.done(), self._following
                if len(marks) % 20 == 0:  # the first ones of a domain may come too early to be seen
                    mark = Envelope(id=new_id(), source="watcher", type=f"{domain}.watched", data=b"{}")
                    await self._bus.publish(mark)
                marks.append(mark.id)
                await asyncio.sleep(0.01)
