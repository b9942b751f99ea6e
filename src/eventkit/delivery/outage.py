"""Riding out the time in which a bus cannot be used."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import Awaitable, Callable
from typing import Final, ParamSpec, TypeVar

from eventkit.contract.errors import BusError
from eventkit.contract.retry import Retry
from eventkit.delivery.policy import pause

P = ParamSpec("P")
R = TypeVar("R")

# Soon at first, because most outages are short; then seldom enough not to hinder the bus in coming back, and often
# enough to go on within seconds when it has.
_BACK_OFF: Final = Retry(delay=0.05, factor=2, max_delay=4, jitter=0.5)
# Numbers of channels, ports and attempts differ from one error to the next that has the same cause.
_NUMBER: Final = re.compile(r"\d+")
logger = logging.getLogger("eventkit.delivery")


class Outage:
    """What currently goes wrong between one group and its bus.

    It is logged when it begins, once for each other cause that comes up meanwhile, and when it is over.

    Args:
        group: The service's name, for the log.
    """

    def __init__(self, group: str) -> None:
        self._group = group
        self._errors: dict[str, BusError] = {}
        self._told: dict[str, set[str]] = {}

    @property
    def error(self) -> BusError | None:
        """The newest error of an operation that does not work at present."""
        return next(reversed(self._errors.values()), None)

    async def until_it_works(
        self, operation: str, call: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Return what `call` returns; while it raises BusError, call it again with growing pauses, forever.

        Args:
            operation: What it does, for the log: `receive events`.
            call: Called at least once.
            args: What it is called with.
            kwargs: What it is called with by name.
        """
        tries = 0
        while True:
            try:
                result = await call(*args, **kwargs)
            except BusError as error:
                tries += 1
                self.note(operation, error)
                await asyncio.sleep(pause(_BACK_OFF, tries, random.random))
            else:
                self.clear(operation)
                return result

    def note(self, operation: str, error: BusError) -> None:
        """Remember that an operation failed; log it if nothing of the streak had its cause."""
        told = self._told.setdefault(operation, set())
        cause = _NUMBER.sub("", error.what)
        if cause not in told:
            told.add(cause)
            still = "still " if operation in self._errors else ""
            logger.warning("%s %scannot %s, and tries until it can: %s", self._group, still, operation, error)
        self._errors[operation] = error

    def clear(self, operation: str) -> None:
        """Remember that an operation succeeded; log it if it had failed."""
        if self._errors and self._errors.pop(operation, None) is not None:
            del self._told[operation]
            logger.warning("%s can %s again", self._group, operation)
