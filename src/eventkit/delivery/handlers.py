"""The handlers of one service, ready to be called: a delivery goes in, its outcome comes out."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import traceback
from collections.abc import Callable
from contextvars import Context, copy_context
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

from eventkit.contract.context import HANDLING
from eventkit.contract.envelope import Envelope, version_of
from eventkit.contract.event import Event, EventType
from eventkit.contract.service import Reader, Service
from eventkit.delivery import policy
from eventkit.delivery.calls import Call, bind, run_in
from eventkit.delivery.subscription import Again, Dead, Delivery, Done, Outcome, Unreadable
from eventkit.delivery.watchdog import NEVER, Slot

Bad = TypeVar("Bad", Dead, Again | Dead)

# Whoever raises them, in a handler or a validator: the event has no outcome, and so it comes back.
_ORDERS_TO_END: Final = (KeyboardInterrupt, SystemExit)
# Frames of these say nothing about where a handler failed.
_NOT_THE_USERS: Final = tuple(
    f"{folder}{os.sep}" for folder in (Path(__file__).parents[1], Path(asyncio.__file__).parent)
)

logger: Final = logging.getLogger("eventkit.delivery")


class _Route:
    """All that is needed for the events of one type and version."""

    __slots__ = ("apart", "call", "read", "retry", "timeout")

    def __init__(self, reader: Reader, call: Call) -> None:
        self.read: Callable[[bytes], Event] = reader.read if reader.upcasters else reader.model.from_json
        self.call = call
        self.retry = reader.handler.retry
        self.timeout = reader.handler.timeout or NEVER
        self.apart = False
        """Whether each call gets a context of its own, because one was seen to leave context variables behind."""


class Handlers:
    """The handlers of one service.

    Args:
        service: The service.
        dependencies: The objects that handlers ask for by type.

    Raises:
        ConfigurationError: A handler asks for something that is not given.
        DefinitionError: An upcaster leads to a version that nothing handles.
    """

    def __init__(self, service: Service, dependencies: tuple[object, ...]) -> None:
        self.group = service.name
        self._readers = service.readers()
        self._unknown_types = service.unknown_types
        self._told: set[str] = set()
        # The versions that arrive are few, and parsing the schema's URI for each event is not.
        self._find = lru_cache(maxsize=256)(self._route)
        calls = {handler.function: bind(handler, dependencies) for handler in service.handlers}
        self._routes = {
            event_type: _Route(reader, calls[reader.handler.function]) for event_type, reader in self._readers.items()
        }
        self.types = tuple(sorted({event_type.name for event_type in self._readers}))
        self.shortest_timeout = min((each.timeout or NEVER for each in service.handlers), default=NEVER)

    async def handle(self, delivery: Delivery, slot: Slot) -> Outcome | None:
        """Call the handler of a delivery.

        Args:
            delivery: The delivery.
            slot: Where the call runs: the watchdog and the end of the worker cancel it there.

        Returns:
            The outcome, or None where the call was interrupted: the event then comes back when its lease has ended.
        """
        envelope = delivery.message
        if isinstance(envelope, Unreadable) or (route := self._find(envelope.type, envelope.dataschema)) is None:
            return self._unread(delivery)
        if delivery.attempt > 1 and (dead := policy.crashed(delivery, route.retry, _now)) is not None:
            return self._report(dead)
        try:
            event = route.read(envelope.data)
        except _ORDERS_TO_END:
            raise
        except BaseException as error:  # noqa: BLE001 - validators and upcasters raise anything, a panic of Rust's too
            return self._report(policy.invalid(delivery, error, _now), error)
        HANDLING.set((envelope, self.group))
        before = copy_context()
        slot.begin(route.timeout)
        try:
            if route.apart:
                await run_in(before, route.call(event, envelope))
            else:
                await route.call(event, envelope)
        except _ORDERS_TO_END:
            raise
        except BaseException as error:  # also what is no Exception must not end the worker
            if _is_closed(slot.task):
                raise
            if _is_ended(slot):
                logger.warning(
                    "%s: %s %s was interrupted, and comes back",
                    self.group,
                    envelope.event_type,
                    envelope.id,
                    extra=self._fields(delivery),
                )
                return None
            outcome = policy.failed(delivery, _explain(error, slot), route.retry, clock=_now, random=random.random)
            self._report(outcome, error)
            return outcome
        finally:
            slot.deadline = NEVER
            # What the handler left in the task's context is not for the next one.
            if not route.apart and _is_other(before):
                route.apart = slot.spoilt = True
        return Done(delivery)

    def _route(self, name: str, dataschema: str | None) -> _Route | None:
        return self._routes.get(EventType(name, version_of(dataschema)))

    def _unread(self, delivery: Delivery) -> Outcome:
        outcome = policy.unread(delivery, self._readers, self._unknown_types, _now)
        if isinstance(outcome, Dead):
            return self._report(outcome)
        # Once for each type: they are counted, and there may be many.
        name = delivery.message.type if isinstance(delivery.message, Envelope) else ""
        if name not in self._told:
            self._told.add(name)
            logger.warning("%s acknowledges events of the unknown type %s", self.group, name)
        return outcome

    def _report(self, outcome: Bad, error: BaseException | None = None) -> Bad:
        """Log what went wrong, with a traceback where the log is at DEBUG; return the outcome."""
        delivery = outcome.delivery
        message = delivery.message
        name = f"{message.event_type} {message.id}" if isinstance(message, Envelope) else "a message"
        if isinstance(outcome, Again):
            level, what = logging.WARNING, f"failed (call {len(delivery.failures) + 1}, again in {outcome.after:.1f} s)"
        else:
            level, what = logging.ERROR, f"is a dead letter ({outcome.reason})"
        if logger.isEnabledFor(level):
            trace = error if logger.isEnabledFor(logging.DEBUG) else None
            logger.log(
                level,
                "%s: %s %s: %s%s",
                self.group,
                name,
                what,
                outcome.failure.error,
                _place(error),
                exc_info=trace,
                extra=self._fields(delivery),
            )
        return outcome

    def _fields(self, delivery: Delivery) -> dict[str, object]:
        """Return what a log line says of a delivery to programs."""
        message = delivery.message
        fields: dict[str, object] = {"group": self.group, "attempt": delivery.attempt}
        if isinstance(message, Envelope):
            fields |= {"event_type": str(message.event_type), "event_id": message.id}
        return fields


def _is_other(before: Context) -> bool:
    """Tell whether this task's context holds other values than it did."""
    try:
        return copy_context() != before
    except Exception:  # noqa: BLE001 - users' values compare themselves as they like
        return True


def _is_closed(task: asyncio.Task[None]) -> bool:
    """Tell whether the task's coroutine is closed, as by the garbage collector, and not run: it has no outcome then."""
    return asyncio.current_task(task.get_loop()) is not task


def _is_ended(slot: Slot) -> bool:
    """Tell whether the call fails because the worker ends, by itself or with the event loop.

    That the handler's task was cancelled does not say so, because handlers can do that. Who ends the event loop
    cancels all tasks, the watchdog's, too.
    """
    return slot.aborted or slot.watchdog.cancelling() > 0


def _explain(error: BaseException, slot: Slot) -> BaseException:
    """Return the failure that a cancellation stands for."""
    if not isinstance(error, asyncio.CancelledError):
        return error
    if slot.expired:
        return TimeoutError(f"the handler took longer than {slot.timeout:g} s")
    if slot.task.cancelling():
        return asyncio.CancelledError("the handler's task was cancelled, and not by the worker")
    return asyncio.CancelledError("the handler waited for something that was cancelled")


def _place(error: BaseException | None) -> str:
    """Return the last place outside of eventkit and asyncio that the error passed, as ` (handlers.py:42)`."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__ if error else None))):
        if not frame.f_code.co_filename.startswith(_NOT_THE_USERS):
            return f" ({Path(frame.f_code.co_filename).name}:{line})"
    return ""


def _now() -> datetime:
    return datetime.now(UTC)
