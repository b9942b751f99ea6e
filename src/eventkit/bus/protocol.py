"""What every bus does. A backend is one module with one subclass of `Bus` and its `Subscription`.

Promises that hold on every bus, and that `eventkit.testing.conformance` checks:

- When `publish` returns, the event is stored as durably as the bus stores anything.
- Every group that handles the event's type gets it at least once; of one group's instances, one gets it.
- A group that is new gets the events that the bus still holds (`Capabilities.history` says which).
- It is acknowledged after its handler returned, or after it was stored as a dead letter. Nothing else removes it.
- Events of one domain with the same key reach a group's handlers one after the other, in the order of publication.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Protocol, Self

from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import PublishError
from eventkit.contract.service import Service
from eventkit.contract.strict_json import DEFAULT_LIMITS
from eventkit.delivery.subscription import Failure, Reason, Subscription
from eventkit.delivery.worker import Worker, WorkerOptions


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Where buses differ.

    Args:
        durable: Events survive the end of the process.
        processes: Several processes may use the bus at once.
        partitioned: A key stays with one instance of a group for as long as that instance is there, and goes to another
            one when it leaves; where not, any instance takes any key that is not out.
        history: A group that comes later gets what the bus still holds, also what other groups have handled.
    """

    durable: bool
    processes: bool
    partitioned: bool
    history: bool


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up.

    Args:
        id: Names it within the bus.
        group: The service that could not handle it.
        type: The event's type name; empty where the message was no event.
        reason: Why it was given up.
        failures: All failed calls, the oldest first; the last one says what `reason` means here.
        headers: The message's headers as they came: CloudEvents binary mode, prefix `ce-`.
        body: The message's body as it came.
        at: When it was given up, in UTC.
    """

    id: str
    group: str
    type: str
    reason: Reason
    failures: tuple[Failure, ...]
    headers: Mapping[str, str]
    body: bytes
    at: datetime


class DeadLetters(Protocol):
    """The dead letters of a bus."""

    async def list(self, *, group: str | None = None, limit: int = 100) -> Sequence[DeadLetter]:
        """Return the oldest dead letters, of one group or of all."""

    async def get(self, id: str) -> DeadLetter | None:
        """Return one dead letter."""

    async def replay(self, ids: Collection[str]) -> int:
        """Hand dead letters to their group again, and to no other; return how many there were.

        Their failures are not counted any more. Each is removed in the same step in which it is put back.
        """

    async def drop(self, ids: Collection[str]) -> int:
        """Remove dead letters for good; return how many there were."""


class Bus(ABC):
    """Where events travel. Made by `eventkit.connect`; open while its `async with` block runs."""

    capabilities: ClassVar[Capabilities]
    url: str
    """The URL, without a password."""
    options: WorkerOptions
    """How the bus's workers run; settings of `eventkit.connect`."""

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    @abstractmethod
    async def open(self) -> None:
        """Connect; raises BusError, within five seconds, where the bus cannot be used."""

    @abstractmethod
    async def close(self) -> None:
        """Finish publishing and disconnect. Closing twice is harmless."""

    @abstractmethod
    async def publish(self, envelope: Envelope) -> None:
        """Store one event; return when it is safe. Raises PublishError where it was not stored."""

    @abstractmethod
    async def subscribe(self, group: str, types: Collection[str]) -> Subscription:
        """Register the group for event types, if it is not yet, and return this instance's share of its events."""

    @property
    @abstractmethod
    def dead_letters(self) -> DeadLetters:
        """The dead letters of all groups."""

    def require_size(self, envelope: Envelope) -> None:
        """Raise PublishError where an event is larger than what readers accept; for `publish`."""
        size, limit = len(envelope.data), DEFAULT_LIMITS.max_bytes
        if size > limit:
            raise PublishError(
                f"{envelope.type} has {size:,} bytes, more than the limit of {limit:,}",
                where=self.url,
                mend="send less, or a reference to it",
            )

    @asynccontextmanager
    async def serve(self, service: Service, dependencies: tuple[object, ...]) -> AsyncIterator[Worker]:
        """Hand the service its events while the block runs; then finish those being handled.

        Raises:
            ConfigurationError: A handler asks for something that is not in `dependencies`.
            BusError: The bus cannot be read.
        """
        # Before subscribing: a service that is put together wrongly must not make a group that gathers events.
        worker = Worker(service, dependencies, self.options)
        async with worker.running(await self.subscribe(service.name, worker.types)):
            yield worker
