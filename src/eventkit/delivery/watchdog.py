"""One task that watches all deliveries of a worker: it keeps their leases and ends calls that take too long.

A timer for each event would cost more than many a handler. The watchdog sleeps until the next lease or the next timeout
can be due, and while nothing is held it waits without waking up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from time import monotonic
from typing import Final

from eventkit.contract.errors import BusError
from eventkit.delivery.outage import Outage
from eventkit.delivery.subscription import Delivery, Subscription

NEVER: Final = float("inf")
_LONGEST_SLEEP: Final = 3600.0
_RENEW: Final = "renew leases"


@dataclass(slots=True, eq=False)
class Slot:
    """Where one handler at a time runs.

    Args:
        task: The task that it runs in.
        watchdog: The task that cancels the call when its time is up.
        timeout: How long the call may take, in seconds.
        deadline: When the call is cancelled, by `time.monotonic`; infinite while none runs.
        expired: The call was cancelled because its time was up.
        aborted: The call was cancelled because the worker ends.
        spoilt: The call left context variables behind: no other one may run there.
    """

    task: asyncio.Task[None]
    watchdog: asyncio.Task[None]
    timeout: float = NEVER
    deadline: float = NEVER
    expired: bool = False
    aborted: bool = False
    spoilt: bool = False

    def begin(self, timeout: float) -> None:
        """A call begins."""
        self.timeout = timeout
        self.deadline = monotonic() + timeout
        self.expired = False


class Watchdog:
    """Watches one subscription.

    Args:
        subscription: Where leases are renewed.
        held: The deliveries that are not settled; changed from outside.
        slots: The running handlers; changed from outside.
        shortest: The shortest timeout of all handlers, in seconds.
        outage: Is told when leases cannot be renewed.
    """

    def __init__(
        self,
        subscription: Subscription,
        held: Collection[Delivery],
        slots: Collection[Slot],
        shortest: float,
        outage: Outage,
    ) -> None:
        self._subscription = subscription
        self._held = held
        self._slots = slots
        self._shortest = shortest
        self._outage = outage
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Say that there is something to watch."""
        self._woken.set()

    async def watch(self) -> None:
        """Watch until cancelled."""
        # A third leaves two more tries before the lease ends.
        period = self._subscription.lease / 3
        renewal = monotonic() + period
        while True:
            if not self._held:
                self._outage.clear(_RENEW)  # there is nothing to be renewed
                self._woken.clear()
                await self._woken.wait()
                renewal = monotonic() + period
            now = monotonic()
            # A call that starts during the sleep cannot be due before the shortest timeout has passed.
            due = min((slot.deadline for slot in self._slots), default=now + self._shortest)
            await asyncio.sleep(min(due - now, self._shortest, renewal - now, _LONGEST_SLEEP))
            now = monotonic()
            self._cancel_expired(now)
            if now >= renewal:
                await self._renew(period)
                renewal = now + period

    def _cancel_expired(self, now: float) -> None:
        for slot in self._slots:
            if slot.deadline <= now:
                slot.expired = True
                slot.deadline = now + slot.timeout  # a handler that goes on after all is cancelled again
                slot.task.cancel()

    async def _renew(self, period: float) -> None:
        try:
            # A bus that does not answer must not keep timeouts from being noticed.
            async with asyncio.timeout(period):
                await self._subscription.extend(list(self._held))
        except TimeoutError:
            self._outage.note(_RENEW, BusError("the bus does not answer", mend="see whether it is up"))
        except BusError as error:
            self._outage.note(_RENEW, error)
        else:
            self._outage.clear(_RENEW)
