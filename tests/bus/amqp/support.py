"""What the tests of the bus on RabbitMQ share."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiormq
from aiormq.abc import AbstractChannel

from eventkit.bus.amqp import AMQPBus
from eventkit.bus.connect import connect
from eventkit.contract.envelope import new_id
from tests.servers.rabbitmq import RabbitMQ

PATIENCE = 60.0


class Broker:
    """A server, seen by one test.

    Args:
        server: The server.
        url: Where it is reached; by default, where it listens.
    """

    def __init__(self, server: RabbitMQ, url: str | None = None) -> None:
        self.server = server
        self.url = url or server.url
        self.prefix = f"{new_id()}."

    def connect(self, url: str | None = None, **settings: Any) -> AMQPBus:
        """Return a bus whose names are the test's own."""
        bus = connect(url or self.url, prefix=self.prefix, **settings)
        assert isinstance(bus, AMQPBus)
        return bus

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl; return what it prints."""
        program = RabbitMQ.program()
        assert program is not None
        command = shutil.which("rabbitmqctl", path=str(Path(program).parent)) or "rabbitmqctl"
        environment = {**os.environ, **self.server._environment()}
        command_line = [command, "--quiet", *arguments]
        done = subprocess.run(command_line, env=environment, check=True, capture_output=True, timeout=60, text=True)
        return done.stdout

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """A channel to the server itself."""
        async with aiormq.connect(self.server.url) as connection:
            yield await connection.channel()


async def until(condition: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while True:
            holds = condition()
            if not isinstance(holds, bool):
                holds = await holds
            if holds:
                return
            await asyncio.sleep(0.02)
