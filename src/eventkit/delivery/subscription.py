"""What stands between a bus and the worker: deliveries go up, outcomes go down.

One *delivery* is one event on its way to one group. The bus hands it out under a *lease*: until the lease ends, no
other instance of the group gets it. The worker settles each delivery with one outcome; a delivery that is never
settled, because the process died, is handed out again when its lease has ended. Nothing else acknowledges an event.

Order: deliveries of a group with the same key are handed out in the order in which they were published, a few of them
together. While some of a key are out, no more of that key are handed out, not even to the same instance; and one that
waits for its retry holds back those behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import EnvelopeError


@dataclass(frozen=True, slots=True)
class Failure:
    """One call of a handler that did not succeed.

    Args:
        at: When it ended, in UTC.
        error: The error, as `ValueError: amount is negative`.
    """

    at: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that is no event.

    Args:
        headers: As they came.
        body: As it came.
        error: What is wrong with it.
    """

    headers: Mapping[str, str]
    body: bytes
    error: EnvelopeError


@dataclass(slots=True, eq=False)
class Delivery:
    """One event, handed to one instance of one group.

    Args:
        token: How the bus finds it again; opaque to everybody else.
        message: The event, or what came instead of one.
        attempt: How often it was handed out, this time included: 1 for the first time.
        failures: The calls of the handler that failed so far, the oldest first.
    """

    token: object
    message: Envelope | Unreadable
    attempt: int = 1
    failures: tuple[Failure, ...] = ()


class Reason(StrEnum):
    """Why a delivery was given up."""

    INVALID = "invalid"  # the data does not fit the reader model
    UNREADABLE = "unreadable"  # no CloudEvents event
    UNHANDLED_VERSION = "unhandled_version"  # the service reads other versions of this type
    UNKNOWN_TYPE = "unknown_type"  # the service handles no version of this type
    FAILED = "failed"  # the handler failed too often, or with an error that no retry can mend
    CRASHED = "crashed"  # the process ended in the middle of it too often


@dataclass(slots=True)  # not frozen: there is one of each event, and freezing it takes as long again
class Done:
    """The handler returned: the event is acknowledged."""

    delivery: Delivery


@dataclass(slots=True)
class Ignored(Done):
    """The service handles no version of the event's type, and wants such events acknowledged."""


@dataclass(frozen=True, slots=True)
class Again:
    """The handler failed: hand the event out again, with `failure` added to its failures.

    Args:
        delivery: The delivery.
        failure: What went wrong.
        after: Seconds to wait.
    """

    delivery: Delivery
    failure: Failure
    after: float


@dataclass(frozen=True, slots=True)
class Dead:
    """The delivery is given up: keep it as a dead letter, then acknowledge it.

    Args:
        delivery: The delivery.
        reason: Why.
        failure: What went wrong last.
    """

    delivery: Delivery
    reason: Reason
    failure: Failure


@dataclass(frozen=True, slots=True)
class Released:
    """The handler was never called: hand the event out again as if it had not been handed out."""

    delivery: Delivery


Outcome = Done | Again | Dead | Released


class Subscription(Protocol):
    """One instance's share of the events of one group."""

    lease: float
    """Seconds for which a delivery is this instance's own."""

    @property
    def closed(self) -> bool:
        """Whether it receives no more."""

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """Wait until there is at least one delivery, and return up to `limit` of them, in order.

        Cancelling the wait loses nothing. Raises BusError where the bus cannot be read; the caller tries again. After
        that, the first call which finds the bus well, and nothing there, returns an empty sequence, to say so.
        """

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Settle deliveries; when it returns, the outcomes are as durable as the bus is.

        A delivery whose lease has ended and that another instance has taken is left to that one. Raises BusError where
        nothing was settled; the caller tries again.
        """

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """Renew the leases of deliveries that are still being handled, or wait for their turn."""

    async def close(self) -> None:
        """Stop receiving: a waiting `receive` returns an empty sequence. Settling stays possible."""
