"""The trace in which code runs, as far as somebody tells.

New events carry it on. Telemetry is no part of a contract: this is where it says what it knows.
"""

from __future__ import annotations

from collections.abc import Callable

TraceparentOf = Callable[[], str | None]
"""Returns the W3C trace context of the running code, or None outside of any trace."""


class Tracing:
    """Who is asked for the trace of the running code; nobody at first."""

    __slots__ = ("traceparent",)

    def __init__(self) -> None:
        self.traceparent: TraceparentOf | None = None


TRACING = Tracing()
