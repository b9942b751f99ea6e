"""The trace in which code runs, as far as somebody tells.

New events carry it on. Telemetry is no part of a contract: this is where it says what it knows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class TraceContext(NamedTuple):
    """A W3C trace context.

    Args:
        traceparent: The trace and the span.
        tracestate: What the tracing systems on the way have to say to each other; empty where nothing.
    """

    traceparent: str
    tracestate: str = ""


class Tracing:
    """Who is asked for the trace of the running code; nobody at first."""

    __slots__ = ("context",)

    def __init__(self) -> None:
        self.context: Callable[[], TraceContext | None] | None = None
        """Returns the trace context of the running code, or None outside of any trace."""


TRACING = Tracing()
