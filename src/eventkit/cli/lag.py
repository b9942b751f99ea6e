"""`eventkit lag [URL]`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from eventkit.bus.protocol import Lag
from eventkit.cli.command import command_app
from eventkit.cli.operators import URL_HELP, Shown, bus_to_look_at, printable, run, split_url, table

app = command_app()

EVERY: Final = 2.0
"""Seconds between two looks of `--watch`."""
_CLEAR: Final = "\x1b[2J\x1b[H"


@app.command()
def lag(
    url: Annotated[str | None, typer.Argument(metavar="[URL]", help=URL_HELP, show_default=False)] = None,
    format: Annotated[Shown, typer.Option(help="How it is shown.")] = Shown.TEXT,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every two seconds, until Ctrl-C.")] = False,
    max_: Annotated[
        int | None,
        typer.Option(
            "--max",
            min=0,
            metavar="N",
            help="Exit with 1 if more than N events of one stream are not handled by a service.",
        ),
    ] = None,
) -> None:
    """Show what the services have not handled yet, of each stream of events.

    WAITING is to be handed out, OUT is at an instance, RETRYING failed and is tried again, DEAD was given up. OLDEST
    tells how old the oldest event is that is not handled. A dash is what the broker does not tell.
    """
    address, _ = split_url([url] if url else [])
    exceeded = False

    async def look() -> None:
        nonlocal exceeded
        async with bus_to_look_at(address) as bus:
            while True:
                found = await bus.lag()
                exceeded = max_ is not None and any(unhandled(each) > max_ for each in found)
                _show(found, format, clear=watch)
                if not watch:
                    return
                await asyncio.sleep(EVERY)

    try:
        run(look)
    except KeyboardInterrupt:
        if not watch:
            raise
    if exceeded:
        raise typer.Exit(1)


def unhandled(lag: Lag) -> int:
    """Return how many events a service has not handled; dead letters are given up, and do not count."""
    return lag.waiting + (lag.out or 0) + (lag.retrying or 0)


def _show(found: Sequence[Lag], format: Shown, *, clear: bool) -> None:
    if format is Shown.JSON:
        rows = [asdict(each) | {"oldest": each.oldest and each.oldest.isoformat()} for each in found]
        text = json.dumps(rows, ensure_ascii=False) + "\n"
    elif found:
        now = datetime.now(UTC)
        head = ("SERVICE", "STREAM", "WAITING", "OUT", "RETRYING", "DEAD", "OLDEST")
        text = table(head, [_row(each, now) for each in found], right=range(2, len(head)))
    else:
        text = "no service handles events of this bus\n"
    if clear and sys.stdout.isatty():
        text = _CLEAR + text
    sys.stdout.write(text)
    sys.stdout.flush()


def _row(lag: Lag, now: datetime) -> list[str]:
    numbers = (lag.waiting, lag.out, lag.retrying, lag.dead)
    oldest = "-" if lag.oldest is None else age(now - lag.oldest)
    return [
        printable(lag.group),
        printable(lag.domain) or "?",
        *("-" if n is None else f"{n:,}" for n in numbers),
        oldest,
    ]


def age(time: timedelta) -> str:
    """Return how long ago something was, in its largest two units: `3 d 4 h`, `12 s`."""
    seconds = max(0, round(time.total_seconds()))
    parts = [(seconds // 86_400, "d"), (seconds // 3_600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    first = next((index for index, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(f"{number} {unit}" for number, unit in parts[first : first + 2] if number or unit == "s")
