import pytest

from tests.bus.amqp.support import Broker
from tests.servers.rabbitmq import RabbitMQ


@pytest.fixture
def broker(rabbitmq_server: RabbitMQ) -> Broker:
    """The server that tests share, with names of the test's own."""
    return Broker(rabbitmq_server)
