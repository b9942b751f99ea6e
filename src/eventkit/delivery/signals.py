"""SIGTERM and SIGINT, told to all workers that run in the process.

The first one asks them to finish, each further one to end at once. The handlers stay until the last worker has ended,
so that the second signal is heard while the first is being obeyed, and then the former handlers come back.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from eventkit.contract.errors import ConfigurationError

Listener = Callable[[int], None]
"""Is told how many signals have come; called in the main thread between any two instructions."""


class StopSignals:
    """The signals of one process."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._before: dict[signal.Signals, Any] = {}
        self._count = 0

    def join(self, listener: Listener) -> None:
        """Tell the listener of signals, from when somebody calls `install`."""
        self._listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        """Tell it no longer; the last one that leaves puts the former handlers back."""
        self._listeners.remove(listener)
        if not self._listeners:
            self._count = 0
            for number, handler in self._before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
            self._before.clear()

    def install(self) -> None:
        """Begin to listen.

        Raises:
            ConfigurationError: This is not the main thread: Python tells signals to that one only.
        """
        if self._before:
            return
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._receive)
        except ValueError:
            raise ConfigurationError(
                "signals can be awaited in the main thread only",
                mend="leave the `async with service.run(...)` block when this thread is to stop",
            ) from None

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        for listener in list(self._listeners):
            listener(self._count)


STOP_SIGNALS: Final = StopSignals()
