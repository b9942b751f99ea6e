"""A bus of its own for each test, on the server that all share, and a server of its own for those that break it."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis as Client

from eventkit import connect
from eventkit.bus.protocol import Bus
from eventkit.contract.envelope import new_id
from tests.servers.redis import Redis
from tests.servers.server import free_port

Connect = Callable[..., Bus]


@pytest.fixture
def prefix() -> str:
    """With what the keys of this test begin."""
    return f"test-{new_id()}"


@pytest.fixture
def bus_factory(redis_server: Redis, prefix: str) -> Connect:
    """Makes buses that share one storage."""
    return functools.partial(connect, redis_server.url, prefix=prefix)


@pytest.fixture
def absent_factory() -> Connect:
    """Makes buses whose server is not there."""
    return functools.partial(connect, f"redis://127.0.0.1:{free_port()}")


@pytest.fixture
async def client(redis_server: Redis) -> AsyncIterator[Client]:
    """What other programs use."""
    async with Client.from_url(redis_server.url) as client:
        yield client


@pytest.fixture
def own_server(redis_server: Redis, tmp_path: Path) -> Iterator[Redis]:
    """A server that the test may kill."""
    with Redis(tmp_path / "redis") as server:
        yield server
