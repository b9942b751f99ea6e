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

# Sockets of aiokafka 0.14 are now and then left to the garbage collector, which says so in whichever test it happens to
# run. How they come to be left has not been found out: a connection that is being made when its task is cancelled
# (`AIOKafkaClient._get_conn`) is a way that is open to them.
FORGOTTEN = (
    "ignore:Exception ignored in.*(socket|StreamWriter|_SelectorTransport):pytest.PytestUnraisableExceptionWarning"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.filterwarnings(FORGOTTEN))


@pytest.fixture(scope="module", autouse=True)
def forgotten_here() -> Iterator[None]:
    """What the tests of a module left to the garbage collector is collected with them, and not in the next tests."""
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
