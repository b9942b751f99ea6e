"""A pytest plugin: fixtures that give tests a real server, started when the first test asks for it.

There is one of each kind for a run, and with pytest-xdist one for each worker: a test takes names of its own (streams,
queues, topics, databases), and leaves the server running. A test that kills a server starts one of its own:
`with Redis(tmp_path) as server: ...`.

Where a server's program is missing, its tests are skipped, loudly: the last line of the run names what was not tested.
With `EVENTKIT_REQUIRE_SERVERS=1`, as in CI, they fail instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final, TypeVar

import pytest

from tests.servers.kafka import Kafka
from tests.servers.nats import Nats
from tests.servers.postgres import Postgres
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.redis import Redis
from tests.servers.server import Server

S = TypeVar("S", bound=Server)

FIXTURES: Final = {"nats_server", "redis_server", "rabbitmq_server", "kafka_server", "postgres_server"}
_MISSING: Final = "NOT TESTED: no server for "


def required(kind: type[Server]) -> None:
    """Skip the test where the server's program is missing; fail it where servers are required."""
    if kind.program() is not None:
        return
    if os.environ.get("EVENTKIT_REQUIRE_SERVERS") == "1":
        pytest.fail(f"{kind.kind} is not installed, and EVENTKIT_REQUIRE_SERVERS=1; {kind.install}", pytrace=False)
    pytest.skip(f"{_MISSING}{kind.kind}; {kind.install}")


def _shared(kind: type[S], factory: pytest.TempPathFactory) -> Iterator[S]:
    required(kind)
    with kind(factory.mktemp(kind.kind)) as server:
        yield server


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """A NATS server with JetStream."""
    yield from _shared(Nats, tmp_path_factory)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis server whose data is on disk."""
    yield from _shared(Redis, tmp_path_factory)


@pytest.fixture(scope="session")
def rabbitmq_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    """A RabbitMQ server; it takes seconds to start."""
    yield from _shared(RabbitMQ, tmp_path_factory)


@pytest.fixture(scope="session")
def kafka_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A server that speaks Kafka's protocol."""
    yield from _shared(Kafka, tmp_path_factory)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server; `new_database()` gives a test its own."""
    yield from _shared(Postgres, tmp_path_factory)


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for a server. What asks for it by name, with `request.getfixturevalue`, marks itself."""
    for item in items:
        if FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("server")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the kinds of servers that no test has seen."""
    reasons = (str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ()))
    missing = {reason.partition(_MISSING)[2].partition(";")[0] for reason in reasons if _MISSING in reason}
    if missing:
        terminalreporter.write_line(
            f"{_MISSING}{', '.join(sorted(missing))} (the reasons of the skipped tests say how to install them)",
            yellow=True,
            bold=True,
        )
