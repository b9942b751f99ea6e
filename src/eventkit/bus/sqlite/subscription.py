"""One instance's share of a group's events."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from functools import partial

from eventkit.bus.last_call import LastCall
from eventkit.bus.sqlite.bell import TICK, Bell
from eventkit.bus.sqlite.claims import Claim, Claimed, Instance, claim
from eventkit.bus.sqlite.database import Database
from eventkit.bus.sqlite.presence import appear, presence, vanish
from eventkit.bus.sqlite.settlement import extend, failures_from, settle
from eventkit.contract.codec import from_headers
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, EnvelopeError
from eventkit.delivery.subscription import Delivery, Outcome, Released, Unreadable


class SQLiteSubscription:
    """One instance of a group.

    Args:
        database: The bus's file.
        instance: Which one.
        bell: Rings when there may be something for it; open, and known to the file.
        port: Where the bell listens.
    """

    def __init__(self, database: Database, instance: Instance, bell: Bell, port: int | None) -> None:
        self.lease = instance.lease
        self._database = database
        self._instance = instance
        self._bell = bell
        self._port = port
        self._clock = asyncio.get_running_loop().time
        self._appear_again = self._clock() + presence(instance) / 2
        self._returning: set[asyncio.Task[None]] = set()
        self._signing_off: asyncio.Task[None] | None = None
        self._last_call = LastCall()

    @property
    def closed(self) -> bool:
        """Whether it receives no more."""
        return self._bell.closed

    @property
    def signed_off(self) -> bool:
        """Whether others know that it receives no more, or cannot be told."""
        return self._signing_off is not None and self._signing_off.done()

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """Wait until there is at least one delivery, and return up to `limit` of them, in order.

        Cancelling the wait loses nothing. Raises BusError where the file cannot be used; the first call after that
        which can use it waits for nothing.
        """
        with self._last_call:
            return await self._receive(limit)

    async def _receive(self, limit: int) -> Sequence[Delivery]:
        while not self.closed:
            await self._be_present()
            found = await self._claim(limit)
            if found.deliveries or (self._last_call.failed and not found.more):
                return [delivery_of(each) for each in found.deliveries]
            if not found.more:
                await self._bell.wait(TICK if found.due_in is None else min(TICK, found.due_in))
        return ()

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Settle deliveries; when it returns, the outcomes are on disk."""
        await self._database.submit(partial(settle, group=self._instance.group, outcomes=outcomes))

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """Renew the leases of deliveries."""
        await self._be_present()
        group, lease = self._instance.group, self._instance.lease
        await self._database.submit(partial(extend, group=group, deliveries=deliveries, lease=lease), durable=False)

    async def close(self) -> None:
        """Stop receiving: a waiting `receive` returns an empty sequence. Settling stays possible.

        It goes on to its end where the caller is cancelled, as a worker does when its grace period ends: to an instance
        that stopped half way, the others would leave events for as long as it counts as living.
        """
        if self._signing_off is None:
            self._bell.close()
            self._signing_off = asyncio.create_task(self._sign_off())
        await asyncio.shield(self._signing_off)

    async def _sign_off(self) -> None:
        if self._returning:
            await asyncio.wait(self._returning)
        await self._database.submit(partial(vanish, instance=self._instance), durable=False)

    async def _be_present(self) -> None:
        if not self.closed and self._clock() >= self._appear_again:
            await self._database.submit(partial(appear, instance=self._instance, port=self._port), durable=False)
            self._appear_again = self._clock() + presence(self._instance) / 2

    async def _claim(self, limit: int) -> Claim:
        claiming = self._database.submit(partial(claim, instance=self._instance, limit=limit), durable=False)
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # The thread may have claimed something by now, for nobody: it goes back rather than wait for its lease.
            task = asyncio.create_task(self._return(claiming))
            self._returning.add(task)
            task.add_done_callback(self._returning.discard)
            raise

    async def _return(self, claiming: asyncio.Future[Claim]) -> None:
        with contextlib.suppress(BusError):
            await self._release(await claiming)

    async def _release(self, found: Claim) -> None:
        if found.deliveries:
            await self.settle([Released(delivery_of(each)) for each in found.deliveries])


def delivery_of(claimed: Claimed) -> Delivery:
    """Return what was claimed as the worker gets it."""
    failures = failures_from(claimed.failures)
    return Delivery(
        claimed.token, message_of(claimed.headers, claimed.body), 1 + claimed.crashes + len(failures), failures
    )


def message_of(headers: str, body: bytes) -> Envelope | Unreadable:
    """Return an event as the log has it, or what stands there instead of one."""
    attributes = json.loads(headers)
    try:
        return from_headers(attributes, body)
    except EnvelopeError as error:
        return Unreadable(attributes, body, error)
