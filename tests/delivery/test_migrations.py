"""The tables under Alembic, set up as docs/inbox-and-outbox.md shows: one revision makes them, and none is missing."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import async_sessionmaker

from eventkit import Envelope
from eventkit.contract.context import handling
from eventkit.delivery.database import sql_engine
from eventkit.delivery.inbox import first_time
from eventkit.delivery.relay import OutboxRelay
from tests.delivery.conftest import Ledger, commit, stored

PAGE = Path(__file__).parents[2] / "docs" / "inbox-and-outbox.md"
# What the page leaves to the reader.
MODELS = """
from sqlalchemy import Column, MetaData, String, Table

metadata = MetaData()
orders = Table("orders", metadata, Column("id", String, primary_key=True))
"""


@pytest.fixture
def alembic(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """A new project of Alembic, with the env.py of the page."""
    config = Config(tmp_path / "alembic.ini")
    command.init(config, str(tmp_path / "migrations"), template="async")
    [env] = re.findall(r"```py title=migrations/env.py\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "migrations" / "env.py").write_text(env)
    (tmp_path / "order_models.py").write_text(MODELS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    return config


def test_what_is_generated_makes_the_tables_and_no_difference_is_left(alembic: Config, url: str) -> None:
    command.revision(alembic, "inbox and outbox", autogenerate=True)
    command.upgrade(alembic, "head")
    command.check(alembic)  # raises where a revision would not be empty

    asyncio.run(use(url))


def test_it_goes_back_to_an_empty_database(alembic: Config, url: str) -> None:
    command.revision(alembic, "inbox and outbox", autogenerate=True)
    command.upgrade(alembic, "head")
    command.downgrade(alembic, "base")
    command.upgrade(alembic, "head")
    command.check(alembic)


async def use(url: str) -> None:
    """Have inbox and outbox do their work, in tables that only Alembic has made."""
    engine, ledger = sql_engine(url), Ledger()
    sessions = async_sessionmaker(engine)
    async with OutboxRelay(engine, ledger).running():
        await commit(sessions, range(3))
        await ledger.until(confirmed=3)
    await commit(sessions, [3])
    assert await stored(engine) == [4]  # the number of a row that was deleted is not given again
    with handling(Envelope(id="e-1", source="s", type="order.created", data=b"{}"), "orders"):
        for first in (True, False):
            async with sessions.begin() as session:
                assert await first_time(session) is first
    await engine.dispose()
