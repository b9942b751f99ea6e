"""A bus whose groups are not called like their services; `connect(URL, groups={"payment_service": "payments"})`.

The broker knows a group by its name; whoever uses the bus goes on naming the service.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from eventkit.bus.naming import Groups
from eventkit.bus.protocol import Bus, DeadLetter, DeadLetters, Lag
from eventkit.bus.wrapped import Wrapped
from eventkit.delivery.subscription import Subscription


class RenamedGroups(Wrapped):
    """Another bus, with other names for its groups.

    Args:
        bus: The bus, not open.
        groups: What its groups are called.
    """

    def __init__(self, bus: Bus, groups: Groups) -> None:
        super().__init__(bus)
        self._groups = groups

    async def subscribe(self, group: str, types: Collection[str]) -> Subscription:
        """Return this instance's share of a service's events.

        Raises:
            ConfigurationError: The service is called like the group of another one.
        """
        return await self._bus.subscribe(self._groups.of(group), types)

    def group_of(self, service: str) -> str:
        """Return what the broker calls the group of a service."""
        return self._bus.group_of(self._groups.wanted(service))

    @property
    def dead_letters(self) -> DeadLetters:
        """The dead letters of all services. Their ids are those of the bus, and name its groups."""
        return _DeadLetters(self._bus.dead_letters, self._groups)

    async def lag(self) -> Sequence[Lag]:
        """Return what is not handled yet, sorted by service and domain."""
        found = (replace(each, group=self._groups.service(each.group)) for each in await self._bus.lag())
        return sorted(found, key=lambda each: (each.group, each.domain))


class _DeadLetters:
    def __init__(self, letters: DeadLetters, groups: Groups) -> None:
        self._letters = letters
        self._groups = groups
        self.replay = letters.replay
        self.drop = letters.drop

    async def list(self, *, group: str | None = None, limit: int = 100) -> Sequence[DeadLetter]:
        wanted = None if group is None else self._groups.wanted(group)
        return [self._named(each) for each in await self._letters.list(group=wanted, limit=limit)]

    async def get(self, id: str) -> DeadLetter | None:
        letter = await self._letters.get(id)
        return None if letter is None else self._named(letter)

    def _named(self, letter: DeadLetter) -> DeadLetter:
        return replace(letter, group=self._groups.service(letter.group))
