"""`Worker`: hands the events of a bus to the handlers of a service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from eventkit.contract.errors import ConfigurationError
from eventkit.contract.service import Service
from eventkit.delivery.dispatch import Counters, Dispatch
from eventkit.delivery.handlers import Handlers
from eventkit.delivery.signals import STOP_SIGNALS
from eventkit.delivery.subscription import Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerOptions:
    """How a worker runs.

    Args:
        concurrency: How many handlers may run at once.
        grace: Seconds that handlers get to finish when the service stops.

    Raises:
        ConfigurationError: A value out of its range.
    """

    concurrency: int = 64
    grace: float = 30.0

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise ConfigurationError(f"concurrency={self.concurrency!r} is out of range", mend="give 1 or more")
        if not self.grace >= 0:
            raise ConfigurationError(f"grace={self.grace!r} is out of range", mend="give 0 or more seconds")


class Worker:
    """Hands the events of a bus to the handlers of a service. Made by `Service.run`.

    Args:
        service: The service.
        dependencies: The objects that its handlers ask for by type.
        options: How it runs.
        handlers: What makes handlers that can be called of the service and its dependencies.

    Raises:
        ConfigurationError: A handler asks for something that is not in `dependencies`.
        DefinitionError: An upcaster leads to a version that nothing handles.
    """

    def __init__(
        self,
        service: Service,
        dependencies: tuple[object, ...],
        options: WorkerOptions,
        handlers: Callable[[Service, tuple[object, ...]], Handlers] = Handlers,
    ) -> None:
        self._handlers = handlers(service, dependencies)
        self._options = options
        self._dispatch: Dispatch | None = None
        self.counters = Counters()
        """What it has done so far."""

    @property
    def types(self) -> tuple[str, ...]:
        """The names of the events that the service handles."""
        return self._handlers.types

    @property
    def in_flight(self) -> int:
        """How many deliveries it holds: waiting, being handled, or about to be acknowledged."""
        return self._dispatch.in_flight if self._dispatch else 0

    @property
    def problem(self) -> Exception | None:
        """Why it cannot work now: an outage that it rides out, or an error that ended it. None if all is well."""
        return (self._dispatch.error or self._dispatch.outage.error) if self._dispatch else None

    @property
    def ready(self) -> bool:
        """Whether it gets events and can settle them: it runs, is not stopping, and its bus can be used."""
        return self._dispatch is not None and not self._dispatch.stop_asked.is_set() and self.problem is None

    @property
    def alive(self) -> bool:
        """Whether it works, or will when an outage is over. False after an error that only a new process mends."""
        return self._dispatch is None or not self._dispatch.broken

    @asynccontextmanager
    async def running(self, subscription: Subscription) -> AsyncIterator[None]:
        """Handle the events of a subscription while the block runs.

        At its end no more events are taken. Those being handled are finished within the grace period, and what is not
        is cancelled: it has no outcome, and comes back here or in another instance. A second signal, or a cancellation,
        ends the grace period at once.

        Raises:
            ConfigurationError: It runs already.
            BusError: The bus was closed under it.
        """
        if self._dispatch is not None:
            raise ConfigurationError("this worker runs already", mend="make one worker for each subscription")
        loop = asyncio.get_running_loop()
        dispatch = self._dispatch = Dispatch(self._handlers, subscription, self._options.concurrency, self.counters)

        def hear(count: int) -> None:
            loop.call_soon_threadsafe(dispatch.signal, count)

        STOP_SIGNALS.join(hear)
        try:
            dispatch.start()
            yield
        finally:
            try:
                await dispatch.drain(self._options.grace)
            finally:
                try:
                    await dispatch.abort()
                finally:
                    STOP_SIGNALS.leave(hear)
                    self._dispatch = None
        if dispatch.error is not None:
            raise dispatch.error

    async def until_stopped(self) -> None:
        """Wait for SIGTERM or SIGINT; leaving the block of `Service.run` then finishes what is being handled.

            async with connect(url) as bus, service.run(bus) as worker:
                await worker.until_stopped()

        A second signal ends the handlers at once. Their events are not lost: they come back.

        Raises:
            ConfigurationError: The worker does not run, or this is not the main thread.
            BusError: The bus was closed under it.
        """
        if self._dispatch is None:
            raise ConfigurationError("the worker does not run", mend="wait inside `async with service.run(...)`")
        STOP_SIGNALS.install()
        await self._dispatch.stop_asked.wait()
        if self._dispatch.error is not None:
            raise self._dispatch.error
