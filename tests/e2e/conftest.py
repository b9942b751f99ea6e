"""The three services and their neighbours, running on any bus. What they wrote is shown where a test fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from eventkit import connect
from examples.demo.processes import NAMES, System
from tests.e2e.landscape import Landscape
from tests.e2e.one_process import OneProcess
from tests.e2e.watcher import Loop, Watcher
from tests.servers.fixtures import required
from tests.servers.kafka_broker import Broker
from tests.servers.nats import Nats
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.redis import Redis
from tests.servers.server import Server, free_port

SERVERS: Final[Mapping[str, type[Server]]] = {"nats": Nats, "redis": Redis, "amqp": RabbitMQ, "kafka": Broker}
BUSES: Final = ("memory", "sqlite", *SERVERS)
HERE: Final = ("memory", "sqlite", "sqlite, everything twice")
on_each_bus = pytest.mark.parametrize("landscape", [*HERE, *SERVERS], indirect=True, scope="module")
"""What shows a bus, and not the business logic of the services, plays on all of them."""

# Every event lies on the bus twice, as if each publisher had been unsure whether the first attempt had worked.
EVERYTHING_TWICE = """
    CREATE TRIGGER everything_twice AFTER INSERT ON events BEGIN
        INSERT INTO events (at, type, key, headers, body, addressee)
        VALUES (new.at, new.type, new.key, new.headers, new.body, new.addressee);
    END
"""


@contextmanager
def watched(
    bus: str,
    folder: Path,
    *,
    start: tuple[str, ...] = NAMES,
    settings: Mapping[str, str] | None = None,
    query: str = "",
) -> Iterator[Landscape]:
    """Run the services on a bus, and its server with them.

    Args:
        bus: One of `BUSES`.
        folder: Where all data is kept.
        start: Which of the apps are started.
        settings: Settings of the services, by environment variable.
        query: More settings of the bus, as its URL has them: `prefix=staging.&partitions=4`.
    """
    settings = {"ORDER_SERVICE_FOLLOW_UP_EVERY": "0.1", **(settings or {})}
    with ExitStack() as stack:
        loop = stack.enter_context(Loop())
        system: System | OneProcess
        if bus == "memory":
            system = stack.enter_context(OneProcess(loop, folder, settings, bus_url="memory://?lease=2"))
            watcher = stack.enter_context(Watcher(loop, system.bus, shared=True))
        else:
            url = f"sqlite:///{folder}/events.db"
            if bus in SERVERS:
                required(SERVERS[bus])
                url = stack.enter_context(SERVERS[bus](folder / "server")).url
            url += "?lease=2" + (query and f"&{query}")
            watcher = stack.enter_context(Watcher(loop, connect(url)))
            ports = {name: free_port() for name in NAMES}
            system = stack.enter_context(System(folder, settings, bus_url=url, ports=ports))
        system.start(*start)
        yield stack.enter_context(Landscape(system, watcher))


@pytest.fixture(scope="module", params=HERE)
def landscape(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landscape]:
    """The services in one process, in several, and where every event comes at least twice; `on_each_bus` for more."""
    folder, (bus, *twice) = tmp_path_factory.mktemp("landscape"), request.param.split(", ")
    with watched(bus, folder, start=()) as landscape:
        if twice:
            with closing(sqlite3.connect(folder / "events.db")) as connection:
                connection.execute(EVERYTHING_TWICE)
        landscape.system.start(*NAMES)
        yield landscape


@pytest.fixture(autouse=True)
def shown_output(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print what the processes write during a test: pytest shows it if the test fails."""
    if "landscape" not in request.fixturenames:
        yield
        return
    landscape: Landscape = request.getfixturevalue("landscape")
    files = sorted(landscape.system.folder.glob("*.log"))
    before = {file: file.stat().st_size for file in files}
    yield
    for file in files:
        print(f"--- {file.stem}\n{file.read_bytes()[before[file] :].decode()}")
