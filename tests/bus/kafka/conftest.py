from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventkit.contract.envelope import new_id
from tests.servers.fixtures import required
from tests.servers.kafka import Kafka
from tests.servers.kafka_broker import Broker

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE) and {"broker", "own_broker"}.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("server")


@pytest.fixture(scope="module", autouse=True)
def told_here() -> Iterator[None]:
    """A connection that the tests of a module left to the garbage collector is told with them: warnings are errors."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for all tests that leave it as it is."""
    required(Kafka)
    with Broker(tmp_path_factory.mktemp("tansu"), durable=False) as running:
        yield running


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker of the test's own, which it may cut off, freeze and kill; its data survive."""
    required(Kafka)
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def prefix() -> str:
    """What makes the topics and groups of a test its own."""
    return f"{new_id()[-12:]}."
