import pytest

from eventkit.bus.amqp import new_queues
from tests.bus.amqp.support import Broker
from tests.servers.rabbitmq import RabbitMQ


@pytest.fixture
def broker(rabbitmq_server: RabbitMQ, monkeypatch: pytest.MonkeyPatch) -> Broker:
    """The server that tests share, with names of the test's own."""
    monkeypatch.setattr(new_queues, "WRITTEN_AFTER", 0.0)  # nobody kills it
    return Broker(rabbitmq_server)
