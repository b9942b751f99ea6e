"""On SQLite one relay leads, and the others wait."""

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from eventkit.delivery import tables
from eventkit.delivery.database import sql_engine
from eventkit.delivery.relay import OutboxRelay
from tests.delivery.conftest import Ledger, commit

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def url(sqlite_url: str) -> str:
    return sqlite_url


async def until_led_anew(engine: AsyncEngine, times: int) -> None:
    """Wait until the lead was taken or renewed so often."""
    seen = set()
    while len(seen) < times + 1:
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            seen.add(await connection.scalar(select(tables.outbox_lead.c.until)))
        await asyncio.sleep(0.01)


async def test_while_one_publishes_no_other_does_however_long_it_takes(
    engine: AsyncEngine, url: str, sessions: async_sessionmaker, ledger: Ledger
) -> None:
    second, other = Ledger(), sql_engine(url)
    ledger.open.clear()
    await commit(sessions, [0])
    async with OutboxRelay(engine, ledger, lease=2).running():
        await ledger.until_called(1)
        async with OutboxRelay(other, second, poll=0.02, lease=2).running():
            await until_led_anew(engine, times=4)  # more than a lease
        ledger.open.set()
    await other.dispose()
    assert second.calls == 0
    assert ledger.numbers() == [0]


async def test_one_that_lost_the_lead_publishes_no_more_of_its_batch(
    engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
) -> None:
    ledger.open.clear()
    await commit(sessions, [0, 1])
    async with OutboxRelay(engine, ledger, lease=0.3, poll=0.02).running():
        await ledger.until_called(1)
        async with engine.begin() as connection:  # as if its process had slept for longer than the lease
            await connection.execute(
                tables.outbox_lead.update().values(holder="another", until=tables.outbox_lead.c.until)
            )
        await ledger.until_called(2)  # it leads again after the other's lease
        ledger.open.set()
        await ledger.until(confirmed=2)
    assert ledger.numbers() == [0, 1]


async def test_the_lead_passes_on_when_there_is_nothing_left(
    engine: AsyncEngine, url: str, sessions: async_sessionmaker, ledger: Ledger
) -> None:
    second, other = Ledger(), sql_engine(url)
    async with OutboxRelay(engine, ledger, lease=600).running():
        await commit(sessions, [0])
        await ledger.until(confirmed=1)
    await commit(sessions, [1])
    async with asyncio.timeout(30), OutboxRelay(other, second, poll=0.02, lease=600).running():
        await second.until(confirmed=1)
    await other.dispose()
