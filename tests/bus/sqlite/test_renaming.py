"""Names that are given to streams and groups, on a bus that has no streams."""

from __future__ import annotations

import functools
import sqlite3
from contextlib import closing
from pathlib import Path

from eventkit import connect
from tests.bus.renaming import check


async def test_sqlite_shows_groups_and_streams_as_given(tmp_path: Path) -> None:
    await check(functools.partial(connect, f"sqlite:///{tmp_path}/events.db"))

    with closing(sqlite3.connect(tmp_path / "events.db")) as connection:
        assert connection.execute("SELECT name FROM groups").fetchall() == [("payments",)]
