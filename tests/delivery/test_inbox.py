"""The inbox: an event that comes twice has one effect."""

import asyncio
import random
import string
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from eventkit import ConfigurationError, Envelope
from eventkit.contract.context import handling
from eventkit.delivery import tables
from eventkit.delivery.inbox import first_time, forget
from tests.delivery.conftest import changes, orders


def event(id: str = "e-1", source: str = "payments") -> Envelope:
    return Envelope(id=id, source=source, type="payment.completed", data=b"{}")


async def is_first(sessions: async_sessionmaker, envelope: Envelope, group: str = "orders") -> bool:
    with handling(envelope, group):
        async with sessions.begin() as session:
            return await first_time(session)


async def test_only_the_first_time_is_the_first(sessions: async_sessionmaker) -> None:
    assert [await is_first(sessions, event()) for _ in range(3)] == [True, False, False]


async def test_each_service_has_its_own_first_time(sessions: async_sessionmaker) -> None:
    assert await is_first(sessions, event(), "orders")
    assert await is_first(sessions, event(), "products")


async def test_ids_are_unique_for_each_source_only(sessions: async_sessionmaker) -> None:
    assert await is_first(sessions, event(source="payments"))
    assert await is_first(sessions, event(source="wallets"))


async def test_a_connection_does_as_well_as_a_session(engine: AsyncEngine) -> None:
    for expected in (True, False):
        with handling(event(), "orders"):
            async with engine.begin() as connection:
                assert await first_time(connection) is expected


async def test_a_handler_that_failed_starts_anew(engine: AsyncEngine, sessions: async_sessionmaker) -> None:
    async with sessions.begin() as session:
        await session.execute(orders.insert().values(id="o-1", changes=0))

    async def handle(fail: bool) -> None:
        async with sessions.begin() as session:
            if await first_time(session):
                await session.execute(update(orders).values(changes=orders.c.changes + 1))
                if fail:
                    raise ValueError("the charge failed")

    with handling(event(), "payments"):
        with pytest.raises(ValueError, match="the charge failed"):
            await handle(fail=True)
        assert await changes(engine) == 0
        await handle(fail=False)
        await handle(fail=False)
    assert await changes(engine) == 1


async def test_of_two_at_once_one_waits_for_the_other(sessions: async_sessionmaker) -> None:
    results = []

    async def handle() -> None:
        with handling(event(), "orders"):
            async with sessions.begin() as session:
                results.append(await first_time(session))
                await asyncio.sleep(0)

    await asyncio.gather(handle(), handle())
    assert sorted(results) == [False, True]


async def test_when_the_first_of_two_rolls_back_the_second_is_first(sessions: async_sessionmaker) -> None:
    with handling(event(), "orders"):
        async with sessions() as first, sessions() as second:
            assert await first_time(first)
            waiting = asyncio.create_task(first_time(second))
            await first.rollback()
            assert await waiting


async def test_outside_of_handlers_it_says_so(sessions: async_sessionmaker) -> None:
    async with sessions() as session:
        with pytest.raises(ConfigurationError, match="while no event is handled; call it in a handler"):
            await first_time(session)


async def test_old_records_are_forgotten(sessions: async_sessionmaker) -> None:
    await is_first(sessions, event("old"))
    await is_first(sessions, event("new"))
    async with sessions.begin() as session:
        last_week = update(tables.inbox).values(handled_at=datetime.now(UTC) - timedelta(days=7))
        await session.execute(last_week.where(tables.inbox.c.event_id == "old"))
        assert await forget(session, timedelta(days=6)) == 1
    assert [await is_first(sessions, event(id)) for id in ("old", "new")] == [True, False]


async def test_names_of_any_length_are_told_apart(sessions: async_sessionmaker) -> None:
    # As long as CloudEvents attributes may be, of characters that no database compresses away.
    rng = random.Random(1)
    source, one, two = ("".join(rng.choices("äöü\U0001f9ed" + string.ascii_letters, k=4096)) for _ in range(3))
    assert [await is_first(sessions, event(id, source)) for id in (one, two, one)] == [True, True, False]
