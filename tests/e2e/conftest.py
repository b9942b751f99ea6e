"""The three services and their neighbours, running. What they wrote is shown where a test fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from examples.demo.processes import NAMES, System
from tests.e2e.landscape import Landscape

# Every event lies on the bus twice, as if each publisher had been unsure whether the first attempt had worked.
EVERYTHING_TWICE = """
    CREATE TRIGGER everything_twice AFTER INSERT ON events BEGIN
        INSERT INTO events (at, type, key, headers, body, addressee)
        VALUES (new.at, new.type, new.key, new.headers, new.body, new.addressee);
    END
"""


@pytest.fixture(scope="module", params=["once", "twice"])
def landscape(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Landscape]:
    """The services, where every event comes at least once, and where it comes at least twice."""
    with System(tmp_path_factory.mktemp("landscape"), {"ORDER_SERVICE_FOLLOW_UP_EVERY": "0.1"}) as system:
        system.start("neighbours")
        if request.param == "twice":
            with closing(sqlite3.connect(system.bus_file)) as connection:
                connection.execute(EVERYTHING_TWICE)
        system.start(*NAMES[1:])
        with Landscape(system) as landscape:
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
