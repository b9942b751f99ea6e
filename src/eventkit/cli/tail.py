"""`eventkit tail [URL]`."""

from __future__ import annotations

import json
import re
import sys
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from eventkit.cli.command import command_app
from eventkit.cli.landscape import chosen_landscape
from eventkit.cli.operators import (
    URL_HELP,
    Shown,
    are_types,
    bus_to_look_at,
    no_type,
    printable,
    run,
    split_url,
)
from eventkit.contract.codec import to_attributes
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import ConfigurationError
from eventkit.delivery.subscription import Unreadable
from eventkit.discovery.config import load_config
from eventkit.discovery.landscape import Landscape
from eventkit.verify.declared import Contracts
from eventkit.verify.names import can_be_same, is_wildcard

app = command_app()

_AGO: Final = re.compile(r"([0-9]{1,9})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are shown.

    Args:
        types: Names of types, which may hold wildcards; without any, all.
        key: The key; None for any.
        source: Who published it; None for anybody.
    """

    types: tuple[str, ...]
    key: str | None
    source: str | None

    @property
    def exact_types(self) -> tuple[str, ...] | None:
        """The types, where the bus itself can choose them."""
        return self.types if self.types and not any(map(is_wildcard, self.types)) else None

    def takes(self, event: Envelope | Unreadable) -> bool:
        """Tell whether an event is shown. Of what is no event, nothing is known by which it could be left out."""
        if isinstance(event, Unreadable):
            return True
        return (
            (not self.types or any(can_be_same(event.type, name) for name in self.types))
            and self.key in (None, event.key)
            and self.source in (None, event.source)
        )


@app.command()
def tail(
    url: Annotated[str | None, typer.Argument(metavar="[URL]", help=URL_HELP, show_default=False)] = None,
    type: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE", help="Events of this type only; order.* and order.> stand for several. Repeatable."
        ),
    ] = None,
    key: Annotated[str | None, typer.Option(help="Events with this key only.")] = None,
    source: Annotated[str | None, typer.Option(metavar="SERVICE", help="Events of this service only.")] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help="Begin with those that are kept of the last 30s, 10m, 2h or 1d, or from a time on."
        ),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="End after so many.")] = None,
    format: Annotated[Shown, typer.Option(help="How they are shown; JSON is one object a line.")] = Shown.TEXT,
) -> None:
    """Show events as they are published, until Ctrl-C. Nobody gets an event later for it, or not at all.

    Where the project is configured, its contracts are asked: what a publisher should not have sent, or a service does
    not read, is marked with the reason.
    """
    address, _ = split_url([url] if url else [])
    wanted = Wanted(tuple(type or ()), key, source)
    start = None if since is None else _time(since)
    landscape = _landscape()
    contracts = Contracts(landscape)
    for name in wanted.types:
        _check_type(name, contracts, asked=bool(landscape.contracts))

    async def look() -> None:
        shown = 0
        async with bus_to_look_at(address) as bus:
            if start is not None and not bus.capabilities.history:
                sys.stderr.write("warning: this bus keeps no event that a service has got; --since shows the others\n")
            async with aclosing(bus.follow(wanted.exact_types, since=start)) as events:
                async for event in events:
                    if wanted.takes(event):
                        sys.stdout.write((_as_json if format is Shown.JSON else _as_text)(event, contracts))
                        sys.stdout.flush()
                        shown += 1
                        if shown == count:
                            return

    with suppress(KeyboardInterrupt):
        run(look)


def _landscape() -> Landscape:
    return chosen_landscape(None) if load_config(Path.cwd()).sources else Landscape()


def _check_type(name: str, contracts: Contracts, *, asked: bool) -> None:
    """Raise ConfigurationError for what names no type; warn of a type that no contract knows, if there are any."""
    if asked and contracts.know(name):
        return
    if not are_types(name):
        raise no_type("--type", name)
    if asked:
        sys.stderr.write(f"warning: no contract of the project knows {name}; it is followed all the same\n")


def _time(text: str) -> datetime:
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"--since {text!r} is no time", mend="write 30s, 10m, 2h, 1d, or 2026-01-31T12:00:00+01:00"
        ) from None


def _as_text(event: Envelope | Unreadable, contracts: Contracts) -> str:
    if isinstance(event, Unreadable):
        body = printable(event.body.decode("utf-8", "backslashreplace"))
        return f"{'no event':<21} {body}\n  ! {printable(str(event.error))}\n"
    time = f"{event.time:%Y-%m-%d %H:%M:%S}Z" if event.time else "-"
    key = "" if event.key is None else f"  key={event.key}"
    line = f"{time:<21} {event.event_type}  {event.source}{key}  {event.data.decode()}"
    return f"{printable(line)}\n" + "".join(f"  ! {printable(each)}\n" for each in contracts.objections(event))


def _as_json(event: Envelope | Unreadable, contracts: Contracts) -> str:
    shown: dict[str, Any]
    if isinstance(event, Unreadable):
        body = event.body.decode("utf-8", "backslashreplace")
        shown = {"headers": dict(event.headers), "body": body, "problems": [str(event.error)]}
    else:
        shown = {**to_attributes(event), "data": json.loads(event.data), "problems": contracts.objections(event)}
    return json.dumps(shown, ensure_ascii=False) + "\n"
