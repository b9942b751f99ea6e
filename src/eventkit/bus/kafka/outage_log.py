"""What is logged while a broker is away, or refuses the login: that, once, and that it is back.

aiokafka tries again each 20 milliseconds, and logs each try of each of its parts: 75 errors a second, for one service.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from aiokafka.errors import KafkaError

from eventkit.bus.kafka.errors import is_about_login, meaning

QUIET: Final = 60.0
"""Seconds after which a line of aiokafka is shown again."""
_MOST: Final = 1_000  # lines that are remembered

logger = logging.getLogger("eventkit.bus.kafka")


class Reached:
    """Which brokers of a cluster can be reached, as its clients find out.

    Args:
        url: The bus, without its password.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        # What is wrong with a broker that cannot be used.
        self._wrong: dict[object, str] = {}
        self._refusals: dict[object, tuple[str, str]] = {}

    @property
    def refusal(self) -> tuple[str, str] | None:
        """Why a broker refuses the login, and what to do about it; None where none does."""
        return next(iter(self._refusals.values()), None)

    def note(self, broker: object, error: Exception | None) -> None:
        """Take note of whether a connection to a broker was made; log it where that has changed.

        Args:
            broker: The broker.
            error: Why there is none; None where there is one.
        """
        if error is None:
            self._refusals.pop(broker, None)
            if self._wrong.pop(broker, None) is not None:
                logger.warning("broker %s of %s can be reached again", broker, self._url)
            return
        if isinstance(error, KafkaError) and is_about_login(error):
            what, mend = self._refusals[broker] = meaning(error)
            wrong = f"refuses the login, and is tried until it does not: {what}; {mend}"
        else:
            self._refusals.pop(broker, None)
            wrong = "cannot be reached, and is tried until it can"
        if self._wrong.get(broker) != wrong:
            self._wrong[broker] = wrong
            logger.warning("broker %s of %s %s", broker, self._url, wrong)


class OnceAMinute(logging.Filter):
    """Lets the first of equal lines pass, and one in each minute after that, which tells how many were left out.

    Args:
        clock: Gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        # Line -> when it may be shown again, and how many were left out since.
        self._shown: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is to be shown; of a logger at DEBUG all are."""
        if logging.getLogger(record.name).isEnabledFor(logging.DEBUG):
            return True
        text, now = record.getMessage(), self._clock()
        line = (record.name, text)
        until, left_out = self._shown.get(line, (now, 0))
        if now < until:
            self._shown[line] = until, left_out + 1
            return False
        if len(self._shown) >= _MOST:
            self._shown.clear()
        self._shown[line] = now + QUIET, 0
        if left_out:
            record.msg, record.args = f"{text} (and {left_out} times since it was shown last)", ()
        return True


_ONCE: Final = OnceAMinute()


def quieten() -> None:
    """Have aiokafka repeat itself once a minute at most, in all of this process; more than once is as good as once."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "aiokafka":
            logging.getLogger(name).addFilter(_ONCE)
