"""RabbitMQ's errors in words that say what to do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from aiormq.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelAccessRefused,
    ChannelInvalidStateError,
    ChannelLockedResource,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    DeliveryError,
    InvalidFrameError,
    ProbableAuthenticationError,
    ProtocolSyntaxError,
    PublishError,
)

from eventkit.contract.errors import BusError, ConfigurationError, EventkitError

ANSWERED_WITHIN: Final = 10.0
"""Seconds after which a question is asked anew, on another channel."""
RAISED: Final = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, RuntimeError)
"""What aiormq raises; RuntimeError where something is closed already."""
_TOO_LARGE: Final = re.compile(r"message size \d+ (?:is )?larger than (?:configured )?max size (\d+)")


class Locked(BusError):
    """Somebody else has it."""


class Missing(BusError):
    """A queue or an exchange is not there."""


class Blocked(BusError):
    """RabbitMQ takes no messages at present."""


class TooLarge(BusError):
    """A message on a channel was larger than the server takes."""

    limit = 0
    """How many bytes it takes."""


class Unroutable(BusError):
    """No queue took a message."""


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Raise aiormq's errors as eventkit tells them.

    Args:
        where: The bus, without a password.
    """
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        # aiormq ends like this what waits on a connection that is closed; nobody has cancelled the caller.
        raise gone(where) from None
    except EventkitError:
        raise
    except RAISED as error:
        raise explain(error, where) from error


class ChannelEnded(BusError):
    """RabbitMQ closed a channel; the connection stays."""


def channel_closed(error: BaseException, queue: str, where: str) -> ChannelEnded:
    """Return the error that says that RabbitMQ takes no more acknowledgements for what it sent."""
    return ChannelEnded(
        f"RabbitMQ closed the channel that reads {queue}: {_text(error)}",
        where=where,
        mend="what was not acknowledged comes again; a handler must end before `consumer_timeout`, 30 minutes",
    )


@asynccontextmanager
async def answered(where: str) -> AsyncIterator[None]:
    """Raise aiormq's errors as eventkit tells them, and one where RabbitMQ does not answer.

    It leaves questions unanswered: while a queue has no leader, after a server was started again.

    Args:
        where: The bus, without a password.
    """
    with explained(where):
        async with asyncio.timeout(ANSWERED_WITHIN):
            yield


def blocked(where: str) -> Blocked:
    """Return the error that says that RabbitMQ takes no messages."""
    return Blocked(
        "RabbitMQ takes no messages at present: its memory or its disk is short",
        where=where,
        mend="see `rabbitmqctl status`, alarms; what waits is taken when there is room again",
    )


def too_large(limit: int, where: str) -> TooLarge:
    """Return the error that says that a message is larger than the server takes."""
    error = TooLarge(
        f"the event is larger than the {limit:,} bytes that RabbitMQ takes",
        where=where,
        mend="send less, or a reference to it, or raise `max_message_size` in rabbitmq.conf",
    )
    error.limit = limit
    return error


def not_taken(where: str) -> BusError:
    """Return the error that says that RabbitMQ could not store a message."""
    return BusError(
        "RabbitMQ did not take it: a queue is full or not available", where=where, mend="see RabbitMQ's log"
    )


def unroutable(where: str) -> Unroutable:
    """Return the error that says that no queue took a message."""
    return Unroutable("no queue took it", where=where, mend="see whether its queues were deleted")


def gone(where: str, error: object = None) -> BusError:
    """Return the error that says that the connection has ended."""
    reason = f": {error}" if error is not None and str(error) else ""
    return BusError(f"the connection to RabbitMQ is gone{reason}", where=where, mend="see whether RabbitMQ is up")


def silent(where: str) -> BusError:
    """Return the error that says that RabbitMQ does not answer."""
    return BusError("RabbitMQ does not answer in time", where=where, mend="see whether it is up")


def explain(error: BaseException, where: str) -> BusError | ConfigurationError:
    """Return one of aiormq's errors in eventkit's words."""
    text = _text(error)
    match error:
        case ProbableAuthenticationError() | AuthenticationError():
            return BusError(
                "RabbitMQ refuses the user or the password",
                where=where,
                mend="check both; `guest` may only connect from the broker's own machine",
            )
        case InvalidFrameError() if "Connection.OpenOk" in text:
            return BusError(
                "RabbitMQ does not open the virtual host: it does not exist, or the user may not use it",
                where=where,
                mend="run: rabbitmqctl add_vhost NAME; rabbitmqctl set_permissions -p NAME USER '.*' '.*' '.*'",
            )
        case ProtocolSyntaxError():
            return BusError("what answers is no RabbitMQ", where=where, mend="check the host and the port")
        case ChannelAccessRefused():
            return BusError(f"RabbitMQ refuses it: {text}", where=where, mend="give the user the permission")
        case ChannelNotFoundEntity():
            return Missing(f"RabbitMQ does not have it: {text}", where=where, mend="connect once with create=true")
        case ChannelLockedResource():
            return Locked(f"another connection has it: {text}", where=where, mend="wait until it is free")
        case ChannelPreconditionFailed():
            return _precondition_failed(text, where)
        case PublishError():
            return unroutable(where)
        case DeliveryError():
            return not_taken(where)
        case TimeoutError():
            return silent(where)
        case OSError() if error.strerror:
            return BusError(f"RabbitMQ cannot be reached: {error.strerror}", where=where, mend="see whether it is up")
    return gone(where, text or type(error).__name__)


def _precondition_failed(text: str, where: str) -> BusError | ConfigurationError:
    if found := _TOO_LARGE.search(text):
        return too_large(int(found[1]), where)
    return ConfigurationError(
        f"it exists in RabbitMQ, and is not what eventkit makes: {text}",
        where=where,
        mend="delete it, give the bus a `prefix` of its own, or connect with create=false to use it as it is",
    )


def _text(error: BaseException) -> str:
    return " ".join(str(each) for each in error.args if each is not None)
