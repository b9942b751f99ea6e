"""A bus in a file that operators look after."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from eventkit import Envelope, connect
from eventkit.bus.protocol import Bus
from eventkit.delivery.subscription import Dead, Failure, Reason
from eventkit.testing.conformance.support import again, subscribed, take

T = TypeVar("T")
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def envelope(name: str, type: str = "order.created", **attributes: Any) -> Envelope:
    """Return an event of the shop whose attributes are always the same."""
    data = attributes.pop("data", {"order_id": name, "total": "12.50"})
    return Envelope(id=name, source="shop", type=type, data=json.dumps(data).encode(), time=NOON, **attributes)


class Operated:
    """A bus in a file.

    Args:
        file: The file.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.url = f"sqlite:///{file}"

    def use(self, work: Callable[[Bus], Awaitable[T]]) -> T:
        """Open the bus, do something with it, and close it."""

        async def opened() -> T:
            async with connect(self.url) as bus:
                return await work(bus)

        return asyncio.run(opened())

    def publish(self, *envelopes: Envelope) -> None:
        """Publish events."""

        async def work(bus: Bus) -> None:
            for each in envelopes:
                await bus.publish(each)

        self.use(work)

    def join(self, group: str, *types: str) -> None:
        """Register a group."""

        async def work(bus: Bus) -> None:
            async with subscribed(bus, group, types or ("order.created",)):
                pass

        self.use(work)

    def give_up(self, group: str, count: int, reason: Reason = Reason.FAILED, type: str = "order.created") -> None:
        """Make dead letters of a group's next events: each failed once before, and all at noon."""

        async def work(bus: Bus) -> None:
            async with subscribed(bus, group, (type,)) as subscription:
                for _ in range(count):
                    await subscription.settle([again(each) for each in await take(subscription, 1)])
                    [delivery] = await take(subscription, 1)
                    failure = Failure(NOON, "RuntimeError: the ledger is closed")
                    await subscription.settle([Dead(delivery, reason, failure)])

        self.use(work)
        self.write("UPDATE dead_letters SET at = ?", NOON.timestamp())

    def write(self, statement: str, *values: object) -> None:
        """Change the file behind the bus's back."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(statement, values)

    def dead(self) -> list[str]:
        """Return the dead letters' ids."""

        async def work(bus: Bus) -> list[str]:
            return [each.id for each in await bus.dead_letters.list()]

        return self.use(work)
