from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bus.nats.admin import empty
from tests.servers.nats import Nats, installed_nats, newest_nats


@pytest.fixture
def server(nats_server: Nats) -> Nats:
    """A server without streams, which the test leaves running."""
    empty(nats_server.url)
    return nats_server


@pytest.fixture(scope="session")
def _old_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    program = installed_nats()
    if program is None or program == newest_nats():
        pytest.skip("there is no other NATS server on the PATH")
    with Nats(tmp_path_factory.mktemp("old-nats"), program=program) as server:
        yield server


@pytest.fixture
def old_server(_old_server: Nats) -> Nats:
    """A server of the version that is installed, without streams."""
    empty(_old_server.url)
    return _old_server
