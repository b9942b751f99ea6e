"""Runs the three services and their neighbours as processes of their own, each on a port of the loopback interface."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx2

SERVICES: Final = Path(__file__).parents[1] / "services"
NAMES: Final = ("neighbours", "order_service", "payment_service", "product_service")
# Below the range from which the kernel gives ports to outgoing connections: none of those can take one in between.
PORTS: Final = range(20_000, 30_000)
START_WITHIN: Final = 60.0  # seconds
STOP_WITHIN: Final = 20.0


class ProcessFailedError(Exception):
    """A process ended by itself, or did not do in time what was asked of it."""


@dataclass(slots=True)
class App:
    """One ASGI app that uvicorn serves in a process of its own.

    Args:
        name: Its package.
        port: Where it is to listen.
        folder: Its working folder, in which its output is kept.
        environment: Its settings.
    """

    name: str
    port: int
    folder: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> Path:
        """What it has written so far, over all its lives."""
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Start the process; it is not ready yet."""
        command = [sys.executable, "-m", "uvicorn", f"{self.name}.main:app", "--log-level", "warning"]
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                cwd=self.folder,
                env={**os.environ, **self.environment, "PYTHONPATH": str(SERVICES), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for whoever started it, who then stops it
            )

    def wait_until_ready(self) -> None:
        """Wait until it answers.

        Raises:
            ProcessFailedError: It ended, or is not ready in time.
        """
        deadline = time.monotonic() + START_WITHIN
        while time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                raise ProcessFailedError(f"{self.name} ended at its start:\n{self.output.read_text()}")
            try:
                if httpx2.get(f"{self.url}/health", timeout=1.0, trust_env=False).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.05)
        raise ProcessFailedError(f"{self.name} is not ready after {START_WITHIN:.0f} s:\n{self.output.read_text()}")

    def kill(self) -> None:
        """End the process at once, wherever it is: SIGKILL."""
        self.signal(signal.SIGKILL)
        self.wait_until_ended()

    def stop(self) -> None:
        """Have the process finish what it is doing, and end: SIGTERM."""
        self.signal(signal.SIGTERM)
        self.wait_until_ended()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process runs."""
        if self.process is not None:
            self.process.send_signal(number)

    def wait_until_ended(self) -> None:
        """Wait until the process has ended, after a signal.

        Raises:
            ProcessFailedError: It did not end in time, and was killed.
        """
        if self.process is None:
            return
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            raise ProcessFailedError(
                f"{self.name} did not end within {STOP_WITHIN:.0f} s:\n{self.output.read_text()}"
            ) from None
        finally:
            # Also where the wait was interrupted: nothing that was started here outlives it.
            self.process.kill()
            self.process.wait()
            self.process = None


class System:
    """The three services, their neighbours, and the bus between them. What was started is stopped with the block.

    Args:
        folder: Where the bus, the databases and the output are kept.
        settings: Settings of the services by environment variable, beside those that connect them.
        bus_url: The bus between them; a file in the folder by default.
        ports: Where each of `NAMES` listens; free ports by default.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        *,
        bus_url: str | None = None,
        ports: Mapping[str, int] | None = None,
    ) -> None:
        self.folder = folder
        self.bus_url = bus_url or f"sqlite:///{folder / 'events.db'}?lease=2"
        ports = ports or free_ports()
        environment = {**environment_of(self.bus_url, ports), **(settings or {})}
        self.apps = {name: App(name, port, folder, environment) for name, port in ports.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, *names: str) -> None:
        """Start processes, and wait until all of them answer."""
        self.launch(*names)
        self.wait_until_ready(*names)

    def launch(self, *names: str) -> None:
        """Start processes; they are not ready yet."""
        for name in names:
            self.apps[name].start()

    def wait_until_ready(self, *names: str) -> None:
        """Wait until processes that were launched answer."""
        for name in names:
            self.apps[name].wait_until_ready()

    def stop(self) -> None:
        """Stop all processes that run: the services at once, then the neighbours, whom they may still ask.

        Raises:
            ProcessFailedError: One did not end in time, and was killed.
        """
        # The stack goes on to the end, whatever fails or interrupts it on the way.
        with ExitStack() as stack:
            for names in (NAMES[:1], NAMES[1:]):
                for name in names:
                    stack.callback(self.apps[name].wait_until_ended)
                for name in names:
                    stack.callback(self.apps[name].signal, signal.SIGTERM)

    def url(self, name: str) -> str:
        """Return where an app answers."""
        return self.apps[name].url

    def database(self, name: str) -> Path:
        """Return the file in which a service keeps its data."""
        return self.folder / f"{name}.db"


def environment_of(bus_url: str, ports: Mapping[str, int]) -> dict[str, str]:
    """Return the settings that connect the apps: the bus, their databases, and where they find each other."""
    environment = {"NEIGHBOURS_BUS_URL": bus_url}
    for name in NAMES[1:]:
        environment[f"{name.upper()}_BUS_URL"] = bus_url
        environment[f"{name.upper()}_DATABASE_URL"] = f"sqlite:///{name}.db"
        for neighbour in ("account", "wallet", "billing", "storage", "organization", "notification"):
            environment[f"{name.upper()}_{neighbour.upper()}_URL"] = (
                f"http://127.0.0.1:{ports['neighbours']}/{neighbour}"
            )
        for other in ("payment", "product"):
            environment[f"{name.upper()}_{other.upper()}_URL"] = f"http://127.0.0.1:{ports[f'{other}_service']}"
    return environment


def free_ports() -> dict[str, int]:
    """Return a port on which nothing listens for each app."""
    found: list[int] = []
    while len(found) < len(NAMES):
        port = random.choice(PORTS)  # noqa: S311 - others who look for a port at the same time look elsewhere
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return dict(zip(NAMES, found, strict=True))
