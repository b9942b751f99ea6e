"""What is known while code runs: the event being handled, and where published events go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple, Protocol

from eventkit.contract.envelope import Envelope


class Sink(Protocol):
    """Where publishers put events: a bus, the outbox, a recorder in a test."""

    async def publish(self, envelope: Envelope) -> None:
        """Take one event; return when it is safe there."""


class Handling(NamedTuple):
    """The event that is being handled.

    Args:
        envelope: The event.
        group: The name of the service that handles it.
    """

    envelope: Envelope
    group: str


# Set by whoever calls handlers: the worker in its own tasks, `handling` around a block. Read by `current_handling`.
# A plain tuple, because it is made for each event, and few of their handlers ask.
HANDLING: ContextVar[tuple[Envelope, str] | None] = ContextVar("eventkit_handling", default=None)
# Where `publish_to` sends what is published.
SINK: ContextVar[Sink | None] = ContextVar("eventkit_sink", default=None)


def current_handling() -> Handling | None:
    """Return the event that this task is handling, or None outside of handlers."""
    found = HANDLING.get()
    return None if found is None else Handling(*found)


def current_cause() -> Envelope | None:
    """Return the event that causes what this task publishes now, or None outside of handlers."""
    found = HANDLING.get()
    return None if found is None else found[0]


def current_sink() -> Sink | None:
    """Return where `publish_to` sends this task's events, or None outside of it."""
    return SINK.get()


@contextmanager
def handling(envelope: Envelope, group: str) -> Iterator[None]:
    """Make `envelope` the cause of all that is published in the block."""
    token = HANDLING.set((envelope, group))
    try:
        yield
    finally:
        HANDLING.reset(token)


@contextmanager
def publish_to(sink: Sink) -> Iterator[None]:
    """Send the events that are published in the block to `sink`, and not to the bus that the service runs on."""
    token = SINK.set(sink)
    try:
        yield
    finally:
        SINK.reset(token)
