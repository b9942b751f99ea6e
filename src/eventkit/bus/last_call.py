"""What subscriptions remember of the call of `receive` before."""

from __future__ import annotations

from types import TracebackType

from eventkit.contract.errors import BusError


class LastCall:
    """Whether the last `receive` raised a BusError: the next one that works then says so, and waits for nothing.

    Each `receive` runs inside of it, as a context; one that is cancelled changes nothing.
    """

    def __init__(self) -> None:
        self.failed = False

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if error is None:
            self.failed = False
        elif isinstance(error, BusError):
            self.failed = True
