"""What the commands share that look after a bus."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from enum import StrEnum
from typing import Any, Final, TypeVar

from eventkit.bus.connect import connect
from eventkit.bus.protocol import Bus
from eventkit.contract.errors import ConfigurationError

T = TypeVar("T")

URL_VARIABLE: Final = "EVENTKIT_BUS_URL"
URL_HELP: Final = f"The bus, as sqlite:///events.db; by default what {URL_VARIABLE} says."
_CLIENTS: Final = ("aiokafka", "aiormq", "nats", "redis")
"""The loggers of brokers' clients: what they tell is in the error that a command ends with."""
# What a terminal might obey, or show in another place than where it stands.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")

_WORD: Final = r"(?:[a-z][a-z0-9_]*|\*)"
_TYPES: Final = re.compile(rf"{_WORD}(?:\.{_WORD})*\.(?:{_WORD}|>)|>")
_SERVICE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


class Shown(StrEnum):
    """How a command shows what it found."""

    TEXT = "text"
    JSON = "json"


def split_url(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the URL of the bus, and the arguments that follow it.

    Args:
        arguments: All of them; the URL may be left out where the environment names it.

    Raises:
        ConfigurationError: There is none.
    """
    if arguments and "://" in arguments[0]:
        return arguments[0], list(arguments[1:])
    url = os.environ.get(URL_VARIABLE)
    if not url:
        raise ConfigurationError(
            "no bus is named",
            where=arguments[0] if arguments else None,
            mend=f"give its URL first, as sqlite:///events.db, or set {URL_VARIABLE}",
        )
    return url, list(arguments)


def are_types(name: str) -> bool:
    """Tell whether a name is that of an event type, or stands for several: `order.created`, `order.*`, `order.>`."""
    return _TYPES.fullmatch(name) is not None


def no_type(option: str, name: str, *, several: bool = True) -> ConfigurationError:
    """Return the error for what should name an event type, or stand for several, and does not."""
    mend = "write lower-case words joined by dots, as order.created"
    if several:
        mend += "; * stands for a word, and > for all that follow"
    return ConfigurationError(f"{option} {name!r} is no event type", mend=mend)


def require_service(option: str, name: str) -> None:
    """Raise ConfigurationError where a name cannot be that of a service."""
    if not _SERVICE.fullmatch(name):
        raise ConfigurationError(f"{option} {name!r} is no service", mend="write its name, as payment_service")


def bus_to_look_at(url: str) -> Bus:
    """Return a bus that must be there already: a file that is none is a mistyped path, and is not made."""
    if not url.lower().startswith("sqlite:"):
        return connect(url)
    # The URL is that of the services, which may say themselves whether a file is made.
    place, _, query = url.partition("?")
    kept = "&".join(each for each in query.split("&") if each.partition("=")[0] != "create")
    return connect(f"{place}?{kept}" if kept else place, create=False)


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run what uses a bus; whoever stops reading what is printed is not told so.

    Raises:
        KeyboardInterrupt: Ctrl-C, after the bus was closed.
    """
    import asyncio  # here, because completing a command's options needs none

    for (
        client
    ) in _CLIENTS:  # where nothing else is configured, Python prints their lines beside the command's own error
        logging.getLogger(client).addHandler(logging.NullHandler())
    try:
        result = asyncio.run(work())
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer would fail again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    return result


def printable(text: str) -> str:
    """Return a text from elsewhere as a line that no terminal obeys."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Return rows as columns.

    Args:
        head: The names of the columns.
        rows: The cells; what is last in a row is not padded.
        right: The columns, from 0, whose cells stand on the right.
    """
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    padded = (
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )
    return "".join(f"{line.rstrip()}\n" for line in padded)
