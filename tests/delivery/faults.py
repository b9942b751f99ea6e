"""A subscription that fails when a test says so, over a real one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Delivery, Outcome, Subscription


class FaultySubscription:
    """Passes everything on to a subscription, noting it, unless told to fail or to wait.

    `errors[operation]` are raised one after the other, before anything is passed on. While `gates[operation]` is
    closed, the operation waits.
    """

    def __init__(self, subscription: Subscription) -> None:
        self.real = subscription
        self.lease = subscription.lease
        self.errors: dict[str, list[BaseException]] = {"receive": [], "settle": [], "extend": [], "close": []}
        self.gates = {operation: asyncio.Event() for operation in self.errors}
        for gate in self.gates.values():
            gate.set()
        self.limits: list[int] = []
        self.settled: list[list[Outcome]] = []
        self.extended: list[list[Delivery]] = []
        self.tries: list[str] = []
        self._failed = False

    @property
    def closed(self) -> bool:
        return self.real.closed

    async def _before(self, operation: str) -> None:
        self.tries.append(operation)
        await self.gates[operation].wait()
        if self.errors[operation]:
            raise self.errors[operation].pop(0)

    async def receive(self, limit: int) -> Sequence[Delivery]:
        self.limits.append(limit)
        try:
            await self._before("receive")
        except BusError:
            self._failed = True
            raise
        if self._failed:
            self._failed = False
            return ()
        return await self.real.receive(limit)

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        await self._before("settle")
        await self.real.settle(outcomes)
        self.settled.append(list(outcomes))

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        await self._before("extend")
        await self.real.extend(deliveries)
        self.extended.append(list(deliveries))

    async def close(self) -> None:
        await self._before("close")
        await self.real.close()

    def outcomes(self, kind: type[Outcome] | None = None) -> list[Any]:
        """Return all outcomes that were settled, or those of one kind."""
        return [each for batch in self.settled for each in batch if kind is None or isinstance(each, kind)]
