"""The handlers of one service, ready to be called: a delivery goes in, its outcome comes out."""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from collections.abc import Callable
from contextvars import copy_context
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Final

from eventkit.contract.context import HANDLING, Handling
from eventkit.contract.envelope import Envelope
from eventkit.contract.service import Service
from eventkit.delivery import policy
from eventkit.delivery.calls import Call, bind, run_in
from eventkit.delivery.subscription import Again, Dead, Delivery, Done, Outcome
from eventkit.delivery.watchdog import NEVER, Slot

logger: Final = logging.getLogger("eventkit.delivery")


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
        self._calls: dict[Callable[..., object], Call] = {
            handler.function: bind(handler, dependencies) for handler in service.handlers
        }
        self.types = tuple(sorted({event_type.name for event_type in self._readers}))
        self.shortest_timeout = min((each.timeout or NEVER for each in service.handlers), default=NEVER)

    async def handle(self, delivery: Delivery, slot: Slot) -> Outcome | None:
        """Call the handler of a delivery.

        Args:
            delivery: The delivery.
            slot: Where the call runs: the watchdog and the end of the worker cancel it there.

        Returns:
            The outcome, or None where the call was ended together with the worker.
        """
        reader = policy.choose_reader(delivery, self._readers, _now)
        if isinstance(reader, Dead):
            self._report(reader)
            return reader
        handler, envelope = reader.handler, delivery.message
        assert isinstance(envelope, Envelope)  # noqa: S101 - for the type checker: the policy refuses all else
        outcome: Again | Dead
        try:
            event = reader.read(envelope.data)
        except Exception as error:  # noqa: BLE001 - the user's validators and upcasters may raise anything
            outcome = policy.invalid(delivery, error, _now)
            self._report(outcome, error)
            return outcome
        HANDLING.set(Handling(envelope, self.group))
        slot.begin(asyncio.get_running_loop().time(), handler.timeout or NEVER)
        try:
            await run_in(copy_context(), self._calls[handler.function](event, envelope))
        except (KeyboardInterrupt, SystemExit):
            # An order to end the process, whoever gives it. The event has no outcome, and so it comes back.
            raise
        except BaseException as error:  # noqa: BLE001 - also what derives from BaseException must not end the worker
            if slot.aborted:
                return None
            outcome = policy.failed(delivery, _explain(error, slot), handler.retry, clock=_now, random=random.random)
            self._report(outcome, error)
            return outcome
        finally:
            slot.end()
        return Done(delivery)

    def _report(self, outcome: Again | Dead, error: BaseException | None = None) -> None:
        """Log what went wrong; with a traceback where the log is at DEBUG."""
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
                level, "%s: %s %s: %s%s", self.group, name, what, outcome.failure.error, _place(error), exc_info=trace
            )


def _explain(error: BaseException, slot: Slot) -> BaseException:
    """Return the failure that a cancellation stands for."""
    if not isinstance(error, asyncio.CancelledError):
        return error
    if slot.expired:
        return TimeoutError(f"the handler took longer than {slot.timeout:g} s")
    return asyncio.CancelledError("the handler was cancelled, or waited for something that was")


def _place(error: BaseException | None) -> str:
    """Return where the error was raised, as ` (handlers.py:42)`."""
    frames = list(traceback.walk_tb(error.__traceback__)) if error else []
    if not frames:
        return ""
    frame, line = frames[-1]
    return f" ({PurePath(frame.f_code.co_filename).name}:{line})"


def _now() -> datetime:
    return datetime.now(UTC)
