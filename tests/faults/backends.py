"""The buses that can be put on the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.faults.stage import Backend
from tests.servers.nats import Nats
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.redis import Redis


def _same(url: str, folder: Path) -> str:
    return url


BACKENDS: Final = (
    Backend("sqlite", None, lambda url, folder: f"sqlite:///{folder}/bus.db"),
    Backend("nats", Nats, _same),
    Backend("redis", Redis, _same),
    Backend("rabbitmq", RabbitMQ, _same),
)
