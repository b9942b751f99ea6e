"""`OutboxRelay`: publishes to the bus what transactions left in the outbox.

Each process of a service may run one. To keep the order of events, one at a time leads: it takes the row of
`eventkit_outbox_lead` when there is something to publish, renews it in time, and gives it up when the outbox is empty.
Where its process dies, another leads after `lease` seconds.

An event is deleted after the bus has it. One that was published and not yet deleted when its process died is published
again with the same id: at least once, and once in effect where handlers use the inbox.
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
from eventkit.contract.errors import ConfigurationError
from eventkit.contract.retry import Retry
from eventkit.delivery.database import reason
from eventkit.delivery.outbox import woken_by_commits
from eventkit.delivery.outbox_rows import OutboxRows, Row
from eventkit.delivery.policy import pause

# isort: split
from sqlalchemy.exc import SQLAlchemyError
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
        published: How many events went out.
        failed: How many did not.
        held: Keys of which an event failed: those behind it keep waiting.
        error: The first failure.
    """

    published: int = 0
    failed: int = 0
    held: set[str] = field(default_factory=set)
    error: str = ""


class OutboxRelay:
    """Publishes to a bus what transactions left in the outbox, in order for each key, until the bus has confirmed it.

    Args:
        engine: The database of the service.
        bus: An open bus.
        batch: How many events are published at once, at the most.
        poll: Seconds between two looks for events of other processes; those of this process are seen when they are
            committed.
        lease: Seconds after which another process takes over from one that died while publishing.
    """

    def __init__(
        self, engine: AsyncEngine, bus: Sink, *, batch: int = 100, poll: float = 1.0, lease: float = 5.0
    ) -> None:
        self._rows = OutboxRows(engine, lease)
        self._bus = bus
        self._batch = batch
        self._poll = poll
        self._renewal = lease / 3
        self._woken = asyncio.Event()
        self._stopping = asyncio.Event()
        self._failing_since: float | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Publish while the block runs; then publish what is left, for ten seconds at the most.

        Raises:
            ConfigurationError: The outbox cannot be read, because its tables are missing for example.
        """
        try:
            await self._rows.check()
        except SQLAlchemyError as error:
            raise ConfigurationError(
                f"the outbox cannot be read: {reason(error)}",
                mend="create the tables of eventkit.delivery.tables.metadata in the service's database",
            ) from None
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
            else:
                failures = 0
                idle = FIRST_LOOK if woken or sweep.published else min(idle * 2, self._poll)
                await _wait(self._woken, idle)
        await self._try_sweep()

    async def _try_sweep(self) -> _Sweep:
        sweep = _Sweep()
        try:
            await self._sweep(sweep)
        except Exception as error:  # noqa: BLE001 - whatever it is, the relay goes on
            sweep.error = f"the outbox cannot be read or written: {reason(error)}"
        self._report(sweep)
        return sweep

    async def _sweep(self, sweep: _Sweep) -> None:
        """Publish what is in the outbox now, unless another relay does."""
        # A look before taking the lead: reading costs nothing, and mostly there is nothing.
        leading = bool(await self._rows.read(after=0, limit=1)) and await self._rows.lead()
        position = 0
        while leading:
            page = await self._rows.read(after=position, limit=self._batch)
            lanes = _lanes(page, sweep.held)
            published = await self._publish(lanes, sweep)
            sweep.published += len(published)
            # Fewer failures may be those of events that the bus does not take: others behind them may go out.
            bus_is_down = sweep.failed >= self._batch and not sweep.published
            more = len(page) == self._batch and not bus_is_down
            leading = await self._rows.settle(published, keep_lead=more)
            position = page[-1].position if page else position

    async def _publish(self, lanes: Sequence[Sequence[Row]], sweep: _Sweep) -> list[int]:
        """Publish lanes concurrently, so that the bus stores them together; return the positions that it confirmed."""
        published: list[int] = []
        pending = {asyncio.create_task(self._publish_lane(lane, published, sweep)) for lane in lanes}
        try:
            while pending:
                _, pending = await asyncio.wait(pending, timeout=self._renewal)
                if pending and not await self._rows.lead():
                    break  # another relay took over: what is under way here may go out twice, the rest may not
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        return published

    async def _publish_lane(self, lane: Sequence[Row], published: list[int], sweep: _Sweep) -> None:
        for row in lane:
            try:
                await self._bus.publish(from_structured(row.event.encode()))
            except Exception as error:  # noqa: BLE001 - whatever it is, the event stays and is tried again
                sweep.failed += 1
                sweep.error = sweep.error or f"event {row.position} was not published: {reason(error)}"
                if row.key is not None:
                    sweep.held.add(row.key)
                return
            published.append(row.position)

    def _report(self, sweep: _Sweep) -> None:
        """Write one line when trouble begins, and one when it ends."""
        if sweep.error and self._failing_since is None:
            self._failing_since = monotonic()
            log.warning("events wait in the outbox and are tried again: %s", sweep.error)
        elif not sweep.error and self._failing_since is not None:
            log.warning("the outbox is published again, after %.1f s", monotonic() - self._failing_since)
            self._failing_since = None


def _lanes(page: Sequence[Row], held: set[str]) -> list[list[Row]]:
    """Return what may be published concurrently: the events of each key, and each event without a key."""
    lanes: dict[str | int, list[Row]] = {}
    for row in page:
        if row.key is None or row.key not in held:
            lanes.setdefault(row.position if row.key is None else row.key, []).append(row)
    return list(lanes.values())


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
