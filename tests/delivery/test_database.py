"""The engine: on SQLite, a transaction may write from its beginning, and what it read stays true until its end."""

import asyncio
import subprocess
import sys

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from eventkit import ConfigurationError
from eventkit.delivery import tables
from eventkit.delivery.database import create_tables, sql_engine
from tests.delivery.conftest import business, changes, orders
from tests.servers.postgres import Postgres


async def test_transactions_that_read_and_then_write_take_turns(sqlite_engine: AsyncEngine) -> None:
    async with sqlite_engine.begin() as connection:
        await connection.execute(orders.insert().values(id="o-1", changes=0))

    async def change() -> None:
        async with sqlite_engine.begin() as connection:
            before = await connection.scalar(select(orders.c.changes))
            await asyncio.sleep(0)
            await connection.execute(update(orders).values(changes=before + 1))

    await asyncio.gather(*[change() for _ in range(5)])
    assert await changes(sqlite_engine) == 5


async def test_reading_without_a_transaction_waits_for_nobody(sqlite_engine: AsyncEngine) -> None:
    async with sqlite_engine.begin() as connection:
        await connection.execute(orders.insert().values(id="o-1", changes=0))
    async with sqlite_engine.begin() as writing:
        await writing.execute(update(orders).values(changes=1))
        async with sqlite_engine.execution_options(isolation_level="AUTOCOMMIT").connect() as reading:
            assert await reading.scalar(select(orders.c.changes)) == 0


async def test_a_connection_that_read_without_a_transaction_begins_transactions_again(sqlite_url: str) -> None:
    engine = sql_engine(sqlite_url, pool_size=1, max_overflow=0)
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("CREATE TABLE t (x)"))
    async with engine.connect() as connection:
        await connection.execute(text("INSERT INTO t VALUES (1)"))
        await connection.rollback()
        assert await connection.scalar(text("SELECT count(*) FROM t")) == 0
    await engine.dispose()


async def test_a_commit_survives_a_power_loss(sqlite_engine: AsyncEngine) -> None:
    async with sqlite_engine.connect() as connection:
        settings = [await connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")]
    assert settings == ["wal", 2]  # 2 is FULL


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("orders.db", "no database URL.*sqlite:///path"),
        ("sqlite://", "in memory has one transaction for all.*use a file"),
        ("sqlite:///:memory:", "in memory"),
        ("nosuch://me:secret@host/db", "no database URL"),
    ],
)
def test_a_wrong_url_is_refused(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        sql_engine(url)
    assert "secret" not in str(caught.value)


def run_without(module: str, program: str) -> list[str]:
    """Run a program in an interpreter in which a module is not installed; return its lines of errors."""
    blocked = f"import sys\nsys.modules[{module!r}] = None\n{program}"
    run = subprocess.run([sys.executable, "-c", blocked], capture_output=True, text=True, check=False)
    return run.stderr.strip().splitlines()


def test_without_sqlalchemy_the_extra_is_named() -> None:
    modules = ["database", "inbox", "outbox", "relay", "tables"]
    lines = run_without(
        "sqlalchemy",
        f"""
import importlib, traceback
for module in {modules}:
    try:
        importlib.import_module(f"eventkit.delivery.{{module}}")
    except Exception as error:
        print(module, *traceback.format_exception_only(error), end="", file=sys.stderr)
""",
    )
    error = 'MissingExtraError: inbox and outbox need an extra; run: pip install "eventkit-contracts[sql]"'
    assert [line.split()[0] for line in lines] == modules
    assert all(line.endswith(error) for line in lines)


def test_without_a_driver_it_is_named() -> None:
    make = "from eventkit.delivery.database import sql_engine; sql_engine({url!r})"
    assert 'pip install "eventkit-contracts[sql]"' in run_without("aiosqlite", make.format(url="sqlite:///x.db"))[-1]
    line = run_without("asyncpg", make.format(url="postgresql+asyncpg://me:secret@host/db"))[-1]
    assert line.endswith("the database driver asyncpg is not installed; run: pip install asyncpg")


async def many_create_tables(url: str) -> None:
    engines = [sql_engine(url) for _ in range(8)]
    async with asyncio.TaskGroup() as group:
        for each in engines:
            group.create_task(create_tables(each, business, tables.metadata))
    async with engines[0].begin() as connection:
        await connection.execute(orders.insert().values(id="o-1"))
        assert not (await connection.execute(select(tables.outbox.c.position))).all()
    for each in engines:
        await each.dispose()


async def test_several_instances_may_create_tables_at_once(url: str) -> None:
    await many_create_tables(url)


async def test_several_instances_may_create_tables_at_once_on_postgresql(postgres_server: Postgres) -> None:
    await many_create_tables(postgres_server.new_database())
