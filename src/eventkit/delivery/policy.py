"""What happens to a delivery: handled, tried again, or given up.

Theory of operation. A delivery carries two numbers: how often it was handed out (`attempt`) and the failures recorded
so far. Handing it out, the handler failing and the process dying are different things, and the numbers tell them apart:

- Each call of the handler that fails adds a failure. With `retry.attempts` failures the delivery is dead.
- A hand-out that ended without any outcome is a crash: the process died, or lost the bus, in the middle of it. There
  have been `attempt - 1 - len(failures)` of them. With `retry.crashes` of them the event itself is suspected, and it is
  dead before it can end the next process.
- What no retry can mend is dead at once: a message that is no event, a version that the service does not read, data
  that does not fit the reader model, an error that the handler declared as such.
- An event of a type that the service does not handle at all is dead, too, unless the service wants it acknowledged.

Everything here is a pure function: the clock and the randomness are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from eventkit.contract.event import EventType
from eventkit.contract.retry import Retry
from eventkit.contract.service import UnknownTypes
from eventkit.delivery.subscription import Again, Dead, Delivery, Failure, Ignored, Reason, Unreadable

MAX_ERROR_LENGTH: Final = 2000
Clock = Callable[[], datetime]
"""Gives the time in UTC."""
Random = Callable[[], float]
"""Gives numbers from 0 up to 1, as `random.random`."""


def pause(retry: Retry, failures: int, random: Random) -> float:
    """Return the seconds to wait before the next call.

    Args:
        retry: What the handler asks for.
        failures: How many calls failed so far, 1 or more.
        random: The source of the jitter.
    """
    try:
        full = min(retry.delay * retry.factor ** (failures - 1), retry.max_delay)
    except OverflowError:
        full = retry.max_delay
    return full * (1 - retry.jitter * random())


def unread(
    delivery: Delivery, readers: Iterable[EventType], unknown_types: UnknownTypes, clock: Clock
) -> Dead | Ignored:
    """Return the end of a delivery that no handler of the service reads.

    Args:
        delivery: The delivery.
        readers: The versions that the service reads.
        unknown_types: What becomes of an event where it reads none of its type.
        clock: The time.
    """
    message = delivery.message
    if isinstance(message, Unreadable):
        return Dead(delivery, Reason.UNREADABLE, Failure(clock(), describe(message.error)))
    came = message.event_type
    versions = ", ".join(f"v{each.version}" for each in sorted(readers) if each.name == came.name)
    if versions:
        failure = Failure(clock(), f"{came} came, and the service reads {versions}")
        return Dead(delivery, Reason.UNHANDLED_VERSION, failure)
    if unknown_types == "acknowledge":
        return Ignored(delivery)
    failure = Failure(clock(), f"{came} came, and the service handles no version of {came.name}")
    return Dead(delivery, Reason.UNKNOWN_TYPE, failure)


def crashed(delivery: Delivery, retry: Retry, clock: Clock) -> Dead | None:
    """Return the end of a delivery that is suspected to end processes, or None where it may be handled.

    Args:
        delivery: A delivery that was just handed out.
        retry: What its handler asks for.
        clock: The time.
    """
    crashes = delivery.attempt - 1 - len(delivery.failures)
    if crashes < retry.crashes:
        return None
    error = f"handed out {crashes} times without an outcome: the process ended, or lost the bus, in the middle of it"
    return Dead(delivery, Reason.CRASHED, Failure(clock(), error))


def invalid(delivery: Delivery, error: BaseException, clock: Clock) -> Dead:
    """Return the end of a delivery whose data the reader model or an upcaster did not take.

    Reading is a function of the data alone: what fails once fails always.
    """
    return Dead(delivery, Reason.INVALID, Failure(clock(), describe(error)))


def failed(delivery: Delivery, error: BaseException, retry: Retry, *, clock: Clock, random: Random) -> Again | Dead:
    """Return what follows after the handler failed.

    Args:
        delivery: The delivery.
        error: What the handler raised, or the TimeoutError or CancelledError that ended it.
        retry: What the handler asks for.
        clock: The time.
        random: The source of the jitter.
    """
    failure = Failure(clock(), describe(error))
    failures = len(delivery.failures) + 1
    if failures >= retry.attempts or isinstance(error, retry.give_up_on):
        return Dead(delivery, Reason.FAILED, failure)
    return Again(delivery, failure, pause(retry, failures, random))


def describe(error: BaseException) -> str:
    """Return an error as one text that every bus can store: `ValueError: amount is negative`."""
    if isinstance(error, ValidationError):
        # Without the values: they stand in the dead letter's bytes, and have no place in a log.
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        text = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the event'}: {each['msg']}" for each in problems)
        text = f"{error.title}: {text}"
    else:
        try:
            text = str(error)
        except Exception:  # noqa: BLE001 - somebody else's __str__; its failure must not cost the event
            text = "(its message cannot be shown)"
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    if len(text) > MAX_ERROR_LENGTH:
        text = text[: MAX_ERROR_LENGTH - 1] + "…"
    # Lone surrogates and NUL cannot be stored as text everywhere.
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")
