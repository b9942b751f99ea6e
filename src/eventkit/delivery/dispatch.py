"""One run of a worker over one subscription: deliveries come in, handlers are called, outcomes go back.

    receive -> lanes -> runners -> outcomes -> settle
       ^                                          |
       +----------- room for more <---------------+

- *Receiving* asks the bus for as many deliveries as there is room for, as soon as that is a quarter of all room. A
  delivery takes room until it is settled, so a bus that cannot settle is not asked for more, and a slow handler holds
  back nothing but its own lane. Who receives while nobody runs handlers runs them itself, since that saves a turn of
  the event loop; should anything make it wait meanwhile, another task receives.
- *Runners* are tasks that each take the next delivery that may start, again and again, and end when there is none. A
  new one is started while there is something left to start: handlers that never wait share one task, slow ones get up
  to `concurrency`.
- *Settling* takes all outcomes that have gathered while it settled the ones before. A runner that has nothing left to
  run does it itself; while others run, a task of its own does.

So three things go on at once: some deliveries are settled, some are handled, and the next ones come. Runners let the
tasks that do the first and the last go first every now and then; a batch is not settled before it is worth a call of
the bus, unless its handlers wait for something.

What was received and has no outcome when the run ends comes back when its lease has ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from eventkit.contract.context import HANDLING
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError
from eventkit.delivery.handlers import Handlers
from eventkit.delivery.lanes import Lanes
from eventkit.delivery.outage import Outage
from eventkit.delivery.policy import describe
from eventkit.delivery.subscription import Dead, Delivery, Done, Ignored, Outcome, Reason, Released, Subscription
from eventkit.delivery.watchdog import Slot, Watchdog

# Handlers that never wait would keep the event loop to themselves: all runners together let others go first after so
# many seconds. What the bus answers passes several tasks; so it is a fraction of the time that a quarter of all takes.
_SLICE: Final = 0.000_25
# How long handlers may take to end after they were cancelled, and the bus to settle what they did, when time is up.
_LAST_CANCEL: Final = 5.0
_LAST_SETTLE: Final = 2.0

logger: Final = logging.getLogger("eventkit.delivery")


@dataclass(slots=True)
class Counters:
    """What a worker has done since it was made.

    Args:
        handled: Deliveries whose handler returned.
        failed: Calls of handlers that failed.
        retried: Failed calls after which the event is tried again.
        dead: Deliveries that became dead letters.
        unknown: Deliveries of types that the service does not handle: dead letters, or acknowledged, as it says.
    """

    handled: int = 0
    failed: int = 0
    retried: int = 0
    dead: int = 0
    unknown: int = 0


class Dispatch:
    """Runs handlers for one subscription: `start`, `drain`, `abort`, in this order and each once.

    Args:
        handlers: What is called.
        subscription: Where deliveries come from.
        concurrency: How many handlers may run at once.
        counters: Counted on.
    """

    def __init__(self, handlers: Handlers, subscription: Subscription, concurrency: int, counters: Counters) -> None:
        self.stop_asked = asyncio.Event()
        self.error: Exception | None = None
        self.outage = Outage(handlers.group)
        self._handlers = handlers
        self._subscription = subscription
        self._counters = counters
        # As many waiting as running: enough to go on with while the next ones are fetched, few enough that other
        # instances get their share.
        self._capacity = 2 * concurrency
        self._portion = max(1, self._capacity // 4)
        self._lanes: Lanes[Delivery] = Lanes(concurrency)
        self._held: set[Delivery] = set()
        self._outcomes: list[Outcome] = []
        self._room = asyncio.Event()
        self._hurry = asyncio.Event()
        # Tasks begin in the context in which the service was started, not in that of the event before.
        self._context = copy_context()
        self._slots: set[Slot] = set()
        self._runners: set[asyncio.Task[None]] = set()
        self._starting: asyncio.Task[None] | None = None
        self._receiver: asyncio.Task[None] | None = None
        self._turning = False
        self.broken = False
        self._slice_end = 0.0
        self._giving_way = False
        self._settler: asyncio.Task[None] | None = None
        self._settling_soon = False
        self._watchdog = Watchdog(subscription, self._held, self._slots, handlers.shortest_timeout, self.outage)

    @property
    def in_flight(self) -> int:
        """How many deliveries are here and not settled."""
        return len(self._held)

    def start(self) -> None:
        """Begin to receive."""
        self._start_receiver()
        self._watcher = self._task(self._watchdog.watch())

    def signal(self, count: int) -> None:
        """Take note of the `count`-th order to stop."""
        self.stop_asked.set()
        if count > 1:
            self._hurry.set()

    # -- the way of a delivery

    def _start_receiver(self) -> None:
        if self._receiver is None and not self._lanes.drained and not self.broken:
            self._receiver = self._task(self._receive())

    async def _receive(self) -> None:
        slot = Slot(_this_task(), self._watcher)
        task = slot.task
        while not self._lanes.drained:
            while (room := self._capacity - len(self._held)) < self._portion:
                self._room.clear()
                await self._room.wait()
            batch = await self.outage.until_it_works("receive events", self._subscription.receive, room)
            if not batch and self._subscription.closed and not self._lanes.drained:
                raise BusError(
                    f"the bus was closed while {self._handlers.group} runs",
                    mend="leave the block of `service.run` before that of the bus",
                )
            self._accept(batch)
            if self._runners or not self._lanes.startable:
                self._start_runner()
                continue
            self._receiver = None
            self._runners.add(task)
            if not self._turning:
                self._turning = True
                self._begin_slice()
                task.get_loop().call_soon(self._turned)
            await self._run_all(slot)
            if self._receiver is not None or self.broken or slot.spoilt:
                return
            self._runners.discard(task)
            self._receiver = task
            HANDLING.set(None)

    def _turned(self) -> None:
        """The event loop has had a turn since a receiver began to run handlers: where it still does, replace it."""
        self._turning = False
        self._start_receiver()

    def _accept(self, batch: Sequence[Delivery]) -> None:
        self._held.update(batch)
        self._watchdog.wake()
        for delivery in batch:
            message = delivery.message
            if not self._lanes.add(message.key if isinstance(message, Envelope) else None, delivery):
                self._give_back([delivery])

    def _start_runner(self) -> None:
        if self._starting is None and self._lanes.startable:
            if not self._runners:
                self._begin_slice()
            self._starting = self._task(self._run())
            self._runners.add(self._starting)

    async def _run(self) -> None:
        await self._run_all(Slot(_this_task(), self._watcher))

    async def _run_all(self, slot: Slot) -> None:
        """Run handlers in this task, which is that of the slot, until there is nothing to start."""
        task = slot.task
        self._slots.add(slot)
        try:
            while True:
                while monotonic() >= self._slice_end:
                    await self._give_way()
                started = self._lanes.start()
                if self._starting is task:
                    self._starting = None
                if started is None:
                    break
                if self._starting is None:
                    self._start_runner()
                if self._outcomes and self._settler is None and not self._settling_soon:
                    self._settling_soon = True
                    task.get_loop().call_soon(self._settle_portion)
                key, delivery = started
                outcome = await self._handlers.handle(delivery, slot)
                if outcome is None:
                    self._leave(key, delivery)
                else:
                    self._finish(key, outcome)
                if task.cancelling():
                    await _absorb_cancellation(task)
                if slot.spoilt:
                    self._start_runner()
                    break
            if self._settler is None:
                self._settler = task
                await self._settle()
        finally:
            self._slots.discard(slot)

    async def _give_way(self) -> None:
        if not self._giving_way:
            self._giving_way = True
            asyncio.get_running_loop().call_soon(self._begin_slice)
        await asyncio.sleep(0)

    def _begin_slice(self) -> None:
        self._giving_way = False
        self._slice_end = monotonic() + _SLICE

    def _finish(self, key: str | None, outcome: Outcome) -> None:
        counters = self._counters
        self._outcomes.append(outcome)
        if type(outcome) is Done:  # before all else, because almost all are
            counters.handled += 1
        elif isinstance(outcome, Ignored):
            counters.unknown += 1
        elif isinstance(outcome, Dead):
            counters.dead += 1
            counters.failed += outcome.reason is Reason.FAILED
            counters.unknown += outcome.reason is Reason.UNKNOWN_TYPE
        else:
            counters.failed += 1
            counters.retried += 1
            self._give_back(self._lanes.fail(key))
            return
        self._lanes.finish(key)

    def _leave(self, key: str | None, delivery: Delivery) -> None:
        # It stays out until its lease ends; those behind it must not overtake it.
        self._held.discard(delivery)
        self._room.set()
        self._give_back(self._lanes.fail(key))

    def _give_back(self, deliveries: Iterable[Delivery]) -> None:
        self._outcomes.extend(map(Released, deliveries))
        self._start_settler()

    def _settle_portion(self) -> None:
        """Settle what has gathered, if it is much, or if the runners do not just let others go first."""
        self._settling_soon = False
        if not self._giving_way or len(self._outcomes) >= self._portion:
            self._start_settler()

    def _start_settler(self) -> None:
        if self._settler is None and self._outcomes:
            self._settler = self._task(self._settle())

    async def _settle(self) -> None:
        try:
            while self._outcomes:
                batch = list(self._outcomes)
                await self.outage.until_it_works("settle events", self._subscription.settle, batch)
                del self._outcomes[: len(batch)]
                self._held.difference_update([outcome.delivery for outcome in batch])
                self._room.set()
        finally:
            self._settler = None

    # -- the end

    async def drain(self, grace: float) -> None:
        """Take nothing more, give back what has not started, and wait until the rest is handled and settled.

        Args:
            grace: How long to wait, in seconds; a second order to stop ends the wait, too.
        """
        deadline = monotonic() + grace
        self._give_back(self._lanes.drain())
        closing = self._task(self._close())
        hurry = asyncio.create_task(self._hurry.wait())
        try:
            await asyncio.sleep(0)  # closing has begun, however short the grace period is: it then goes on to its end
            while not hurry.done() and (remaining := deadline - monotonic()) > 0:
                tasks = {closing, self._receiver, self._settler, *self._runners}
                busy = {task for task in tasks if task is not None and not task.done()}
                if not busy:
                    return
                await asyncio.wait({hurry, *busy}, timeout=remaining, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            hurry.cancel()

    async def _close(self) -> None:
        try:
            await self._subscription.close()
        except BusError as error:
            self.outage.note("unsubscribe", error)
        if self.outage.error is not None:
            self._stop_receiving()  # it may be in a long pause between two tries

    def _stop_receiving(self) -> None:
        if self._receiver is not None:
            self._receiver.cancel()

    async def abort(self) -> None:
        """End all that still runs. What was handled is settled if the bus lets it; the rest comes back by itself."""
        self._stop_receiving()
        try:
            await self._cancel_handlers()
            self._start_settler()
            if self._settler is not None:
                await asyncio.wait({self._settler}, timeout=_LAST_SETTLE)
        finally:
            last = [task for task in (self._receiver, self._watcher, self._settler) if task is not None]
            for task in last:
                task.cancel()
        await asyncio.gather(*last, return_exceptions=True)

    async def _cancel_handlers(self) -> None:
        runners = {task for task in self._runners if not task.done()} - {self._settler}
        if not runners:
            return
        logger.warning("%s cancels %d handlers; their events come back", self._handlers.group, len(runners))
        for slot in self._slots:
            slot.aborted = True
        for runner in runners:
            runner.cancel()
        _, stubborn = await asyncio.wait(runners, timeout=_LAST_CANCEL)
        if stubborn:
            logger.error("%s leaves %d handlers behind that do not end", self._handlers.group, len(stubborn))

    def _task(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        # Not by the loop's task factory: an eager one would run handlers inside of each other.
        task = asyncio.Task(coroutine, loop=asyncio.get_running_loop(), context=self._context.copy())
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._runners.discard(task)
        if self._starting is task:
            self._starting = None
        if self._receiver is task:
            self._receiver = None
        if not task.cancelled():
            error = task.exception()
        elif self._lanes.drained or self.broken:
            error = None
        else:
            error = RuntimeError("a task of the worker was cancelled from outside")
        if error is not None:
            self._break(error)

    def _break(self, error: BaseException) -> None:
        # No outage, or it would be ridden out: better to stand still visibly than to go on lamely.
        logger.error("%s takes no more events: %s", self._handlers.group, describe(error))
        if isinstance(error, Exception) and self.error is None:
            self.error = error
        self.broken = True
        self._stop_receiving()
        self.stop_asked.set()


def _this_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - for the type checker
    return task


async def _absorb_cancellation(task: asyncio.Task[None]) -> None:
    """Clear a cancellation that was meant for a handler which has ended: the next one shares its task."""
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)
    while task.cancelling():
        task.uncancel()
