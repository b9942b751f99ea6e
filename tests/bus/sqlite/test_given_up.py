"""Removing a service that is gone for good, as docs/operations.md says."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

from eventkit import connect
from eventkit.testing.conformance.support import handle, publish, subscribed

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"


async def test_the_statements_of_the_page_remove_one_service_and_no_other(tmp_path: Path) -> None:
    [statements] = re.findall(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    file = tmp_path / "events.db"
    async with connect(f"sqlite:///{file}") as bus:
        for group in ("payment_service", "audit_service"):
            async with subscribed(bus, group):
                pass
        await publish(bus, "a")

    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(statements)

    async with connect(f"sqlite:///{file}") as bus:
        assert [(each.group, each.waiting) for each in await bus.lag()] == [("audit_service", 1)]
        async with subscribed(bus, "audit_service") as audit:
            assert await handle(audit, 1) == ["a"]
