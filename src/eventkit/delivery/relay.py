"""`OutboxRelay`: publishes to the bus what transactions left in the outbox.

Each process of a service may run one. On PostgreSQL they share the work: each publishes the events that it has locked
(`outbox_locked`). On SQLite one leads at a time (`outbox_led`). Where a process dies, another one takes over: at once
on PostgreSQL, where its connection ends with it, and after `lease` seconds where the database cannot see the end.

An event is deleted after the bus has it. One that was published and not yet deleted when its process died is published
again with the same id: at least once, and once in effect where handlers use the inbox. An event that the bus refuses
for good is set aside (`outbox_refused`).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from eventkit.contract.codec import from_structured
from eventkit.contract.context import Sink
from eventkit.contract.errors import EnvelopeError, RefusedError
from eventkit.contract.retry import Retry
from eventkit.delivery.database import reason, unknown_database
from eventkit.delivery.outbox import woken_by_commits
from eventkit.delivery.outbox_led import LedRows
from eventkit.delivery.outbox_locked import LockedRows
from eventkit.delivery.outbox_rows import OutboxRows, Page, Row
from eventkit.delivery.policy import describe, pause

# isort: split
from sqlalchemy.ext.asyncio import AsyncEngine

log = logging.getLogger("eventkit.outbox")

# All in seconds.
FIRST_LOOK: Final = 0.02
BACK_OFF: Final = Retry(delay=0.1, factor=2, max_delay=5, jitter=0.5)
SPACING: Final = 0.5
DRAIN: Final = 10.0


@dataclass(slots=True)
class _Sweep:
    """What came of one walk through the outbox.

    Args:
        published: How many events went out, or were refused for good.
        failed: How many did not.
        held: Lanes of which an event failed: those behind it keep waiting.
        error: The first failure.
        more: Whether there is more to publish at once.
    """

    published: int = 0
    failed: int = 0
    held: set[int] = field(default_factory=set)
    error: str = ""
    more: bool = False


class OutboxRelay:
    """Publishes to a bus what transactions left in the outbox, in order for each key, until the bus has confirmed it.

    Args:
        engine: The database of the service.
        bus: An open bus.
        batch: How many events are published at once, about.
        poll: Seconds between two looks for events of other processes; those of this process are seen when they are
            committed.
        lease: Seconds after which another process takes over from one that hangs, or was cut off, while publishing.

    Raises:
        ConfigurationError: The database is neither SQLite nor PostgreSQL.
    """

    def __init__(
        self, engine: AsyncEngine, bus: Sink, *, batch: int = 100, poll: float = 1.0, lease: float = 5.0
    ) -> None:
        self._rows = _rows_of(engine, lease)
        self._bus = bus
        self._batch = batch
        self._poll = poll
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._failing_since: float | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Publish while the block runs; then publish what is left, for ten seconds at the most.

        Raises:
            BusError: The database cannot be reached when the block begins; later on, the relay tries until it can.
            ConfigurationError: The outbox cannot be read, because its tables are missing for example.
        """
        await self._rows.check()
        self._stopping.clear()
        with woken_by_commits(self._woken):
            task = asyncio.create_task(self._run(), name="eventkit outbox relay")
            try:
                yield
            finally:
                self._stopping.set()
                self._woken.set()
                try:
                    async with asyncio.timeout(DRAIN):
                        await task
                except TimeoutError:
                    log.warning("the outbox was not emptied within %.0f s; the next relay goes on with it", DRAIN)

    async def _run(self) -> None:
        failures, idle = 0, self._poll
        while not self._stopping.is_set():
            woken = self._woken.is_set()
            self._woken.clear()
            sweep = await self._try_sweep()
            if sweep.error and not sweep.published:
                failures += 1
                delay = pause(BACK_OFF, failures, random.random)
                # Commits cut the wait short, but not to nothing: a busy service would storm a bus that is down.
                await _wait(self._stopping, min(delay, SPACING))
                await _wait(self._woken, delay - SPACING)
                continue
            failures = 0
            if not sweep.more:
                idle = FIRST_LOOK if woken or sweep.published else min(idle * 2, self._poll)
                await _wait(self._woken, idle)
        while (await self._try_sweep()).more:
            pass

    async def _try_sweep(self) -> _Sweep:
        sweep = _Sweep()
        try:
            await self._sweep(sweep)
        except Exception as error:  # noqa: BLE001 - whatever it is, the relay goes on
            sweep.error = f"the outbox cannot be read or written: {reason(error)}"
        self._report(sweep)
        return sweep

    async def _sweep(self, sweep: _Sweep) -> None:
        """Walk once through what is in the outbox, and publish what no other relay does."""
        after: int | None = None
        while True:
            async with self._rows.page(after, self._batch) as page:
                await self._publish(page, sweep)
                sweep.published += len(page.published) + len(page.refused)
                # Fewer failures may be those of events that the bus does not take: others behind them may go out.
                if sweep.failed >= self._batch and not sweep.published:
                    page.following = None
            for position, why in page.refused.items():
                log.error("the bus refuses event %d, which was set aside in eventkit_outbox_refused: %s", position, why)
            sweep.more |= page.more
            after = page.following
            if after is None:
                return

    async def _publish(self, page: Page, sweep: _Sweep) -> None:
        """Publish the lanes of a page concurrently, so that the bus stores them together."""
        lanes = _lanes(page.rows, sweep.held)
        pending = {asyncio.create_task(self._publish_lane(lane, page, sweep)) for lane in lanes}
        try:
            while pending:
                _, pending = await asyncio.wait(pending, timeout=self._rows.lease / 3)
                if pending and not await page.renew():
                    break  # another relay took over: what is under way here may go out twice, the rest may not
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)

    async def _publish_lane(self, lane: Sequence[Row], page: Page, sweep: _Sweep) -> None:
        for row in lane:
            if monotonic() >= page.until:
                return  # this process was frozen, and others may publish the rows now
            try:
                await self._bus.publish(from_structured(row.event.encode()))
            except (RefusedError, EnvelopeError) as error:
                # Like a dead letter, it holds back nothing: handlers see what comes after a failure that lasts, too.
                page.refused[row.position] = describe(error)
            except Exception as error:  # noqa: BLE001 - whatever it is, the event stays and is tried again
                sweep.failed += 1
                sweep.error = sweep.error or f"event {row.position} was not published: {reason(error)}"
                sweep.held.add(row.lane)
                return
            else:
                page.published.append(row.position)

    def _report(self, sweep: _Sweep) -> None:
        """Write one line when trouble begins, and one when it ends."""
        if sweep.error and self._failing_since is None:
            self._failing_since = monotonic()
            log.warning("events wait in the outbox and are tried again: %s", sweep.error)
        elif not sweep.error and self._failing_since is not None:
            log.warning("the outbox is published again, after %.1f s", monotonic() - self._failing_since)
            self._failing_since = None


def _rows_of(engine: AsyncEngine, lease: float) -> OutboxRows:
    match engine.dialect.name:
        case "sqlite":
            return LedRows(engine, lease)
        case "postgresql":
            return LockedRows(engine, lease)
        case other:
            raise unknown_database(other)


def _lanes(rows: Sequence[Row], held: set[int]) -> list[list[Row]]:
    """Return what may be published concurrently: each lane that no failure holds back."""
    lanes: dict[int, list[Row]] = {}
    for row in rows:
        if row.lane not in held:
            lanes.setdefault(row.lane, []).append(row)
    return list(lanes.values())


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
