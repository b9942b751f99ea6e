"""What the bus refused for good: to be looked at, and retried or dropped."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from eventkit.delivery.outbox_refused import drop_refused, refused, retry_refused
from eventkit.delivery.relay import OutboxRelay
from tests.delivery.conftest import Ledger, commit, stored

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
async def three_refused(engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger) -> None:
    """Three events that the bus refused, at the positions 1, 2 and 3."""
    ledger.refused = {0, 1, 2}
    await commit(sessions, range(3))
    async with OutboxRelay(engine, ledger).running():
        pass
    assert await stored(engine) == []
    ledger.refused.clear()


async def aside(sessions: async_sessionmaker, **limit: int) -> list[int]:
    async with sessions() as session:
        return [each.position for each in await refused(session, **limit)]


@pytest.mark.usefixtures("three_refused")
async def test_the_oldest_come_first(sessions: async_sessionmaker) -> None:
    assert await aside(sessions) == [1, 2, 3]
    assert await aside(sessions, limit=2) == [1, 2]


@pytest.mark.usefixtures("three_refused")
async def test_what_is_retried_goes_out_in_order(
    engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
) -> None:
    async with sessions.begin() as session:
        assert await retry_refused(session, [3, 1, 77]) == 2
    assert await aside(sessions) == [2]
    async with OutboxRelay(engine, ledger).running():
        await ledger.until(confirmed=2)
    assert ledger.numbers() == [0, 2]


@pytest.mark.usefixtures("three_refused")
async def test_what_is_refused_again_is_set_aside_again(
    engine: AsyncEngine, sessions: async_sessionmaker, ledger: Ledger
) -> None:
    ledger.refused = {0}
    async with sessions.begin() as session:
        await retry_refused(session, [1, 2])
    async with OutboxRelay(engine, ledger).running():
        await ledger.until(confirmed=1)
    assert ledger.numbers() == [1]
    assert await aside(sessions) == [1, 3]


@pytest.mark.usefixtures("three_refused")
async def test_what_is_dropped_is_gone(engine: AsyncEngine, sessions: async_sessionmaker) -> None:
    async with sessions.begin() as session:
        assert await drop_refused(session, [1, 3, 77]) == 2
    assert await aside(sessions) == [2]
    assert await stored(engine) == []


@pytest.mark.usefixtures("three_refused")
async def test_a_rollback_takes_either_back(engine: AsyncEngine, sessions: async_sessionmaker) -> None:
    async with sessions() as session:
        await retry_refused(session, [1])
        await drop_refused(session, [2])
        await session.rollback()
    assert await aside(sessions) == [1, 2, 3]
    assert await stored(engine) == []
