"""What the processes do that a test kills."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from eventkit import Event, Retry, Service, connect


class Counted(Event, type="kill.counted", key="key"):
    key: str
    number: int


def handle(url: str, log: Path) -> None:
    """Handle events until killed; write a line for each handled one."""
    asyncio.run(_handle(url, log))


async def _handle(url: str, log: Path) -> None:
    service = Service("ledger")
    # One write of a short line to a file opened for appending is whole or not there, whenever the process is killed.
    lines = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @service.handler(retry=Retry(attempts=1000, delay=0.01, crashes=1000))
    async def note(event: Counted) -> None:
        await asyncio.sleep(0.002)
        os.write(lines, f"{event.key} {event.number}\n".encode())

    async with connect(url) as bus, service.run(bus):
        await asyncio.Event().wait()
