"""`Retry`: what one handler wants to happen after an error. The machine that does it is `eventkit.delivery.policy`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from eventkit.contract.errors import DefinitionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often and when an event is handed to its handler again after an error.

    The n-th retry waits `min(delay * factor ** (n - 1), max_delay)` seconds, of which the share `jitter` is random,
    so that events that failed together do not come back together.

    Args:
        attempts: How often the handler is called at the most, the first time included. Then the event is a dead letter.
        delay: Seconds before the first retry.
        factor: By how much each delay is longer than the one before.
        max_delay: The longest delay, in seconds.
        jitter: 0 for exact delays, 1 for delays anywhere between zero and the full one.
        give_up_on: Errors that no retry can mend: the event becomes a dead letter at once.
        crashes: How often the process may end in the middle of this event before it is taken for the cause.

    Raises:
        DefinitionError: A value out of its range.
    """

    attempts: int = 5
    delay: float = 1.0
    factor: float = 2.0
    max_delay: float = 60.0
    jitter: float = 0.5
    give_up_on: tuple[type[Exception], ...] = ()
    crashes: int = 10

    def __post_init__(self) -> None:
        for name, least, whole in (
            ("attempts", 1, True),
            ("delay", 0, False),
            ("factor", 1, False),
            ("max_delay", self.delay, False),
            ("jitter", 0, False),
            ("crashes", 1, True),
        ):
            value = getattr(self, name)
            if not isinstance(value, int if whole else int | float) or not least <= value < math.inf:
                number = "a whole number" if whole else "a number"
                raise DefinitionError(f"Retry({name}={value!r})", mend=f"give {number}, {least} or more")
        if self.jitter > 1:
            raise DefinitionError(f"Retry(jitter={self.jitter!r})", mend="give a share between 0 and 1")
        # Asked with isinstance() when a handler has failed, which is no time for another error.
        kinds = self.give_up_on
        if not (
            isinstance(kinds, tuple) and all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds)
        ):
            raise DefinitionError(f"Retry(give_up_on={kinds!r})", mend="give a tuple of exception classes")
