"""What tests take for a Kafka broker: clients -> proxy -> gateway -> tansu."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from tests.servers.kafka import Kafka
from tests.servers.kafka_gateway import Gateway
from tests.servers.proxy import Proxy
from tests.servers.server import free_port


class Broker(Kafka):
    """tansu behind the gateway that gives it what it lacks, behind a proxy that can cut it off.

    Gateway and proxy stay when the server is killed, and lead to it again when it is started again.

    Args:
        folder: Where its data and its log are kept.
        durable: Whether its data survive when it is killed.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        # A client goes where the broker says that it is: the proxy's place has to be known before the broker starts.
        self.proxy = Proxy(free_port())
        self.gateway = Gateway(free_port(), self.proxy.target)
        super().__init__(folder, port=self.gateway.target, advertised=self.proxy.port, durable=durable)

    @property
    def servers(self) -> str:
        """Its address, for clients of any kind."""
        return f"127.0.0.1:{self.proxy.port}"

    @property
    def url(self) -> str:
        return f"kafka://{self.servers}"

    def __enter__(self) -> Self:
        super().__enter__()
        self.gateway.__enter__()
        self.proxy.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.proxy.__exit__()
        self.gateway.__exit__()
        self.kill()
