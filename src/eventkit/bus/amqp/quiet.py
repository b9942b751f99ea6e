"""What aiormq logs of the bus's own connections.

It logs each end of a connection and each failed try as an error, with a traceback. The bus raises the same as errors,
which are logged once for an outage. So what aiormq says of connections of a bus is for those who debug; what it says of
other connections of the process is left as it is.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from aiormq.channel import Channel

from eventkit.bus.amqp.frames import FastConnection

_LOGGERS: Final = ("aiormq.channel", "aiormq.connection")
_connecting: Final = ContextVar("eventkit.bus.amqp.connecting", default=False)


@contextmanager
def connecting() -> Iterator[None]:
    """A connection is made in the block: what aiormq says here, and in tasks that it starts here, is of this one."""
    token = _connecting.set(True)
    try:
        yield
    finally:
        _connecting.reset(token)


def _debug(record: logging.LogRecord) -> bool:
    """Make a record of the bus's own connections one of the level DEBUG; tell whether it is logged."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    if _connecting.get() or any(map(_is_own, arguments)):
        record.levelno, record.levelname = logging.DEBUG, logging.getLevelName(logging.DEBUG)
        return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)
    return True


def _is_own(argument: object) -> bool:
    return isinstance(argument.connection if isinstance(argument, Channel) else argument, FastConnection)


for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(_debug)
