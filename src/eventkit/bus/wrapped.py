"""A bus around another one: does nothing but what its subclasses change."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime

from eventkit.bus.protocol import Bus, DeadLetters, Lag
from eventkit.contract.envelope import Envelope
from eventkit.delivery.subscription import Subscription, Unreadable


class Wrapped(Bus):
    """Another bus.

    Args:
        bus: The bus, not open.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        # Those of a class everywhere else.
        self.capabilities = bus.capabilities  # type: ignore[misc]
        self.url = bus.url
        self.options = bus.options

    async def open(self) -> None:
        """Connect."""
        await self._bus.open()

    async def close(self) -> None:
        """Disconnect."""
        await self._bus.close()

    async def publish(self, envelope: Envelope) -> None:
        """Store one event."""
        await self._bus.publish(envelope)

    async def subscribe(self, group: str, types: Collection[str]) -> Subscription:
        """Return this instance's share of a group's events."""
        return await self._bus.subscribe(group, types)

    def group_of(self, service: str) -> str:
        """Return what the broker calls the group of a service."""
        return self._bus.group_of(service)

    @property
    def dead_letters(self) -> DeadLetters:
        """The dead letters of all groups."""
        return self._bus.dead_letters

    async def ping(self) -> None:
        """Have the broker answer."""
        await self._bus.ping()

    async def lag(self) -> Sequence[Lag]:
        """Return what is not handled yet."""
        return await self._bus.lag()

    def follow(
        self, types: Collection[str] | None = None, *, since: datetime | None = None
    ) -> AsyncGenerator[Envelope | Unreadable, None]:
        """Yield events as they are published."""
        return self._bus.follow(types, since=since)
