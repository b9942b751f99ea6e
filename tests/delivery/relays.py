"""A process that runs a relay: `python -m tests.delivery.relays URL LEDGER LEASE`.

Its bus is a file to which all relays append, which takes a little time for each event.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

from eventkit import Envelope
from eventkit.delivery.database import sql_engine
from eventkit.delivery.relay import OutboxRelay
from tests.delivery.conftest import number_of

TAKES: Final = 0.002  # seconds
BATCH: Final = 120  # about ten of each key in the tests


class Line(NamedTuple):
    """One event that a relay published.

    Args:
        pid: The relay's process.
        id: The event.
        key: Its key.
        number: Its place in the order of the key.
    """

    pid: int
    id: str
    key: str
    number: int


class FileBus:
    """Stores events in a file: one write to a file opened for appending is whole or not there."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def publish(self, envelope: Envelope) -> None:
        line = Line(os.getpid(), envelope.id, envelope.key or "", number_of(envelope))
        os.write(self._file, json.dumps(line).encode() + b"\n")
        await asyncio.sleep(TAKES)  # stored, and not yet confirmed


def lines_of(path: Path) -> list[Line]:
    """Return what was published so far."""
    return [Line(*json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


class RelayProcess:
    """A relay in a process of its own, while the block runs.

    Args:
        url: The database.
        ledger: The bus's file.
        lease: Its lease, in seconds.
    """

    def __init__(self, url: str, ledger: Path, lease: float) -> None:
        self._command = [sys.executable, "-m", "tests.delivery.relays", url, str(ledger), str(lease)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)


async def main(url: str, ledger: Path, lease: float) -> None:
    async with OutboxRelay(sql_engine(url), FileBus(ledger), batch=BATCH, poll=0.02, lease=lease).running():
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])))
