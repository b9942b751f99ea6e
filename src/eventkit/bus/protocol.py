"""What every bus does. A backend is one module with one subclass of `Bus` and its `Subscription`.

Promises that hold on every bus, and that `eventkit.testing.conformance` checks:

- When `publish` returns, the event is stored as durably as the bus stores anything.
- Every group that handles the event's type gets it at least once; of one group's instances, one gets it.
- A group that is new gets the events that the bus still holds (`Capabilities.history` says which).
- It is acknowledged after its handler returned, or after it was stored as a dead letter. Nothing else removes it.
- Events of one stream with the same key reach a group's handlers one after the other, in the order of publication. A
  stream holds the events of a domain, unless the setting `streams` says otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Final, Protocol, Self

from eventkit.bus.no_events import NoEvents
from eventkit.contract.attributes import shown
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import BusError, EventkitError, RefusedError
from eventkit.contract.event import MAX_TYPE_NAME, is_type_name
from eventkit.contract.retry import Retry
from eventkit.contract.service import Service
from eventkit.contract.strict_json import DEFAULT_LIMITS
from eventkit.delivery.policy import pause
from eventkit.delivery.subscription import Failure, Reason, Subscription, Unreadable
from eventkit.delivery.worker import Worker, WorkerOptions

HEALTH_TIMEOUT: Final = 2.0
"""Seconds that a broker gets to answer when it is asked whether it is well."""
# A broker that is being started is there within seconds.
_OPEN_AGAIN: Final = Retry(delay=0.1, factor=2, max_delay=2, jitter=0.5)

logger = logging.getLogger("eventkit.bus")


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


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a bus can be used.

    Args:
        ok: It answered.
        detail: How fast, or what is wrong; without a password.
    """

    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Lag:
    """What one service has not handled yet of one domain. Numbers are those of a moment, and may be old by a second.

    Args:
        group: The service.
        domain: The first word of the events' type names: `order` of `order.created`; or the name that is given to the
            stream in which they are kept. Empty where dead letters were no events and nothing tells where they came
            from.
        waiting: Events to be handed out. Where a domain is one stream, those of types that the service does not handle
            count too, until it has passed them.
        out: Events at instances, not settled yet. None where the broker does not tell: they may count as waiting.
        retrying: Events that wait for another call of their handler. None where the broker does not tell: they may
            count as waiting.
        dead: Dead letters.
        oldest: When the oldest event was published that is waiting, out or retrying, in UTC. None where there is none,
            or where the broker does not tell.
    """

    group: str
    domain: str
    waiting: int
    out: int | None
    retrying: int | None
    dead: int
    oldest: datetime | None


class Bus(ABC):
    """Where events travel. Made by `eventkit.connect`; open while its `async with` block runs."""

    capabilities: ClassVar[Capabilities]
    url: str
    """The URL, without a password."""
    options: WorkerOptions
    """How the bus's workers run; settings of `eventkit.connect`."""
    wait: float = 0.0
    """Seconds for which `async with` waits for a broker that is not there yet; a setting of `eventkit.connect`."""

    async def __aenter__(self) -> Self:
        await self._open_within(self.wait)
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
        """Store one event; return when it is safe.

        Raises:
            PublishError: It was not stored, or nobody knows.
            RefusedError: It was not stored, and never will be: no try of the same event can succeed.
        """

    @abstractmethod
    async def subscribe(self, group: str, types: Collection[str]) -> Subscription:
        """Register the group for event types, if it is not yet, and return this instance's share of its events."""

    @property
    @abstractmethod
    def dead_letters(self) -> DeadLetters:
        """The dead letters of all groups."""

    @abstractmethod
    async def ping(self) -> None:
        """Have the broker answer, once; raises BusError where it does not. `health` bounds the time."""

    @abstractmethod
    async def lag(self) -> Sequence[Lag]:
        """Return what is not handled yet, sorted by group and domain. Raises BusError.

        There is one for each group and each domain of which it handles events, also where nothing waits, and for each
        group and domain with dead letters. Looking changes nothing.
        """

    @abstractmethod
    def follow(
        self, types: Collection[str] | None = None, *, since: datetime | None = None
    ) -> AsyncGenerator[Envelope | Unreadable, None]:
        """Yield events as they are published, in the order of publication within a domain, until the bus is closed.

        Nobody gets an event later, or not at all, because it is looked at; nothing of it stays in the bus when the
        generator is closed, or its iteration is cancelled. A replayed dead letter is not published anew, and is not
        yielded again. Close the generator after use: `async with aclosing(bus.follow()) as events`.

        Args:
            types: Event types; None means all events of eventkit, and what stands among them and is no event.
            since: Begin with what the bus still holds of the time from then on, timezone-aware; None means with what is
                published after the iteration has begun.

        Raises:
            BusError: The bus cannot be read. The caller may follow anew, from the time of what came last.
        """

    def group_of(self, service: str) -> str:
        """Return what the broker calls the group of a service, with all that the bus puts before its name."""
        return service

    async def health(self) -> Health:
        """Ask the broker whether it is there, for two seconds at the most; tell, and never raise."""
        clock = asyncio.get_running_loop().time
        start = clock()
        try:
            async with asyncio.timeout(HEALTH_TIMEOUT):
                await self.ping()
        except TimeoutError:
            return Health(False, f"no answer within {HEALTH_TIMEOUT:g} s ({self.url})")
        except EventkitError as error:
            return Health(False, str(error))
        except Exception as error:  # noqa: BLE001 - whoever asks for health must not have to handle a client's errors
            # Not its message, which may hold a password.
            return Health(False, f"{type(error).__name__} ({self.url})")
        return Health(True, f"answered in {(clock() - start) * 1000:.1f} ms ({self.url})")

    def require_publishable(self, envelope: Envelope) -> None:
        """Raise RefusedError where an event has a type that no service can handle, or is too large; for `publish`."""
        if not is_type_name(envelope.type):
            raise RefusedError(
                f"{shown(envelope.type)} is no event type",
                where=self.url,
                mend="use lower-case words joined by dots, the domain first, as in order.created, "
                f"{MAX_TYPE_NAME} characters at the most",
            )
        size, limit = len(envelope.data), DEFAULT_LIMITS.max_bytes
        if size > limit:
            raise RefusedError(
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
        async with worker.running(await self._share_of(service, worker)):
            yield worker

    async def _share_of(self, service: Service, worker: Worker) -> Subscription:
        """Return this instance's share of what a service handles; one that only publishes gets no group."""
        return await self.subscribe(service.name, worker.types) if worker.types else NoEvents()

    async def _open_within(self, seconds: float) -> None:
        """Open; try again until so many seconds are over. The last try is made when they are."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + seconds
        tries = 0
        while True:
            try:
                await self.open()
                return
            except BusError as error:
                left = deadline - clock()
                if left <= 0:
                    raise
                if not tries:
                    logger.warning("waiting up to %g s for the bus: %s", seconds, error)
            tries += 1
            await asyncio.sleep(min(pause(_OPEN_AGAIN, tries, random.random), left))
